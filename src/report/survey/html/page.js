"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const bar = document.getElementById("bar");
  if (!bar) return;
  const findings = all(".finding").map((element) => ({
    element,
    group: element.closest(".group").id,
    weight: element.dataset.w,
    rule: element.dataset.r,
    environments: element.dataset.e.split("\n"),
    text: null,
  }));
  const services = all(".service").map((element) => ({ element, groups: all(".group", element) }));
  const rows = all(".matrix tbody tr").map((element) => ({ element, cells: all("[data-g]", element) }));
  const search = document.getElementById("search");
  const rule = document.getElementById("rule");
  const environment = document.getElementById("environment");
  const weights = all("#bar [name=weight]");
  const count = document.getElementById("count");
  const empty = document.getElementById("empty");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [sheet];

  // What is said once a finding is searched for: everything in it, and what it stands under.
  const textOf = (finding) =>
    (finding.text ??= [
      finding.element.textContent,
      finding.element.closest(".group").firstElementChild.textContent,
      finding.element.closest(".service").firstElementChild.textContent,
    ].join(" ").toLowerCase());

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set(weights.filter((box) => box.checked).map((box) => box.value));
    const groups = new Set();
    let matches = 0;
    for (const finding of findings) {
      const fits =
        shown.has(finding.weight) &&
        (rule.value === "" || rule.value === finding.rule) &&
        (environment.value === "" || finding.environments.includes(environment.value)) &&
        words.every((word) => textOf(finding).includes(word));
      finding.element.hidden = !fits;
      if (fits) {
        matches += 1;
        groups.add(finding.group);
      }
    }
    for (const service of services) {
      let some = false;
      for (const group of service.groups) {
        group.hidden = !groups.has(group.id);
        some ||= !group.hidden;
      }
      service.element.hidden = !some;
    }
    const filtered = matches < findings.length;
    for (const row of rows) {
      let some = false;
      for (const cell of row.cells) {
        const fits = cell.dataset.g.split(" ").some((group) => groups.has(group));
        cell.classList.toggle("dim", filtered && !fits);
        some ||= fits;
      }
      row.element.hidden = filtered && !some;
    }
    let rules = "";
    if (rule.value !== "") rules += `.strip .g:not([data-r="${CSS.escape(rule.value)}"]) { opacity: .12; }`;
    for (const box of weights) if (!box.checked) rules += `.strip .g.${CSS.escape(box.value)} { opacity: .12; }`;
    sheet.replaceSync(rules);
    count.textContent = filtered ? `${matches} of ${findings.length} findings` : `${findings.length} findings`;
    empty.hidden = matches > 0;
  };

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  for (const control of [rule, environment, ...weights]) control.addEventListener("change", apply);
  document.getElementById("reset").addEventListener("click", () => {
    search.value = rule.value = environment.value = "";
    for (const box of weights) box.checked = true;
    apply();
    search.focus();
  });
  document.getElementById("open").addEventListener("click", (event) => {
    const open = event.target.getAttribute("aria-pressed") !== "true";
    event.target.setAttribute("aria-pressed", open);
    event.target.textContent = open ? "Close all" : "Open all";
    for (const finding of findings) finding.element.open = open;
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search && search.value) {
      search.value = "";
      apply();
    }
  });
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.matches(".finding")) target.open = true;
  };
  addEventListener("hashchange", follow);
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = findings.filter((finding) => !finding.element.open);
    for (const finding of closed) finding.element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const finding of closed) finding.element.open = false;
  });
  bar.hidden = false;
  follow();
  apply();
})();
