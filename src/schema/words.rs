//! The words in which the tables of types are written, so that each line reads like a sentence.

use super::types::{Field, KeyField, List, Scalar, Type};

/// Declares types, each a constant with its name, numbered from `from`; and `END`, the first free
/// number.
macro_rules! types {
    (from $start:expr; $($name:ident { $($field:literal: $value:expr),* })*) => {
        #[derive(Clone, Copy)]
        enum Number { $($name,)* End }
        $(pub(super) const $name: Type = Type($start + Number::$name as u16);)*
        pub(super) const END: u16 = $start + Number::End as u16;
        pub(super) static TYPES: &[super::types::Definition] = &[$(super::types::Definition {
            name: stringify!($name),
            fields: &[$(($field, $value)),*],
        }),*];
    };
}
pub(super) use types;

/// A value of this type, or a list of which only the type of its elements is known.
pub(super) const fn one(ty: Type) -> Field {
    listed(ty, List::Unknown)
}

pub(super) const fn keyed(ty: Type, keys: &'static [KeyField]) -> Field {
    listed(
        ty,
        List::Keyed {
            keys,
            ordered: false,
        },
    )
}

pub(super) const fn keyed_in_order(ty: Type, keys: &'static [KeyField]) -> Field {
    listed(
        ty,
        List::Keyed {
            keys,
            ordered: true,
        },
    )
}

pub(super) const fn set(ty: Type) -> Field {
    listed(ty, List::Set)
}

pub(super) const fn ordered(ty: Type) -> Field {
    listed(ty, List::Ordered)
}

pub(super) const fn ingress_rules(ty: Type) -> Field {
    listed(ty, List::IngressRules)
}

pub(super) const fn route_rules(ty: Type) -> Field {
    listed(ty, List::RouteRules)
}

pub(super) const fn quantity() -> Field {
    Field {
        scalar: Scalar::Quantity,
        ..Field::UNKNOWN
    }
}

pub(super) const fn quantities() -> Field {
    Field {
        scalar: Scalar::QuantityMap,
        ..Field::UNKNOWN
    }
}

pub(super) const fn set_of_quantities() -> Field {
    Field {
        list: List::Set,
        scalar: Scalar::Quantity,
        ..Field::UNKNOWN
    }
}

const fn listed(ty: Type, list: List) -> Field {
    Field {
        ty,
        list,
        scalar: Scalar::Plain,
    }
}

const fn key(name: &'static str) -> KeyField {
    KeyField {
        name,
        default: None,
    }
}

const fn key_or(name: &'static str, default: &'static str) -> KeyField {
    KeyField {
        name,
        default: Some(default),
    }
}

pub(super) const API_SERVER_ID: &[KeyField] = &[key("apiServerID")];
pub(super) const AUDIENCE: &[KeyField] = &[key("audience")];
pub(super) const CONDITION_TYPE: &[KeyField] = &[key("conditionType")];
pub(super) const CONTAINER_NAME: &[KeyField] = &[key("containerName")];
pub(super) const CONTAINER_PORT_PROTOCOL_OR_TCP: &[KeyField] =
    &[key("containerPort"), key_or("protocol", "TCP")];
pub(super) const COUNTER_SET: &[KeyField] = &[key("counterSet")];
pub(super) const DEVICE_PATH: &[KeyField] = &[key("devicePath")];
pub(super) const DNS_NAME_RECORD_TYPE: &[KeyField] = &[key("dnsName"), key_or("recordType", "A")];
pub(super) const DRIVER_DEVICE_POOL_SHARE_ID_OR_EMPTY: &[KeyField] = &[
    key("driver"),
    key("device"),
    key("pool"),
    key_or("shareID", ""),
];
pub(super) const IP: &[KeyField] = &[key("ip")];
pub(super) const KEY: &[KeyField] = &[key("key")];
pub(super) const KEY_EFFECT: &[KeyField] = &[key("key"), key("effect")];
pub(super) const KIND_NAME: &[KeyField] = &[key("kind"), key("name")];
pub(super) const KIND_NAME_VALUES_KEY: &[KeyField] =
    &[key("kind"), key("name"), key_or("valuesKey", "values.yaml")];
pub(super) const METADATA_NAME: &[KeyField] = &[key("metadata.name")];
pub(super) const MOUNT_PATH: &[KeyField] = &[key("mountPath")];
pub(super) const NAME: &[KeyField] = &[key("name")];
pub(super) const NAME_OR_EMPTY: &[KeyField] = &[key_or("name", "")];
pub(super) const NUMBER: &[KeyField] = &[key("number")];
pub(super) const PATH: &[KeyField] = &[key("path")];
pub(super) const PATH_OR_ROOT: &[KeyField] = &[key_or("path", "/")];
pub(super) const PORT_PROTOCOL_OR_TCP: &[KeyField] = &[key("port"), key_or("protocol", "TCP")];
pub(super) const RESOURCE_CLAIM_NAME: &[KeyField] = &[key("resourceClaimName")];
pub(super) const RESOURCE_ID: &[KeyField] = &[key("resourceID")];
pub(super) const RESOURCE_NAME: &[KeyField] = &[key("resourceName")];
pub(super) const RULE: &[KeyField] = &[key("rule")];
pub(super) const SECRET_KEY: &[KeyField] = &[key("secretKey")];
pub(super) const SECRET_NAME: &[KeyField] = &[key("secretName")];
pub(super) const STATUS_REASON: &[KeyField] = &[key("status"), key("reason")];
pub(super) const TOPOLOGY_KEY_WHEN_UNSATISFIABLE: &[KeyField] =
    &[key("topologyKey"), key("whenUnsatisfiable")];
pub(super) const TYPE: &[KeyField] = &[key("type")];
pub(super) const UID: &[KeyField] = &[key("uid")];
