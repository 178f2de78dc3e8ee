// Says what Argo CD's notifications controller makes of an argocd-notifications-cm and an Application:
//
//	notifications CONFIGMAP APPLICATION...
//
// It prints one JSON line for each Application and trigger. The triggers are run by the package that Argo CD uses, which
// logs an expression that fails to stderr and goes on. Templates are rendered here as that project's package of services
// renders them, since it cannot be imported without the clients of a dozen clouds.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"github.com/argoproj/notifications-engine/pkg/triggers"
	"sigs.k8s.io/yaml"
)

// What a template of this project's examples may hold; Argo CD knows more services.
type notification struct {
	Message string             `json:"message"`
	Webhook map[string]webhook `json:"webhook"`
}

type webhook struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

type line struct {
	Application string            `json:"application"`
	Trigger     string            `json:"trigger"`
	Triggered   bool              `json:"triggered"`
	OncePer     string            `json:"oncePer"`
	Messages    []string          `json:"messages"`
	Bodies      map[string]string `json:"bodies"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(files []string) error {
	if len(files) < 2 {
		return errors.New("usage: notifications CONFIGMAP APPLICATION...")
	}
	var config struct {
		Data map[string]string `json:"data"`
	}
	if err := read(files[0], &config); err != nil {
		return err
	}
	context := map[string]string{}
	conditions := map[string][]triggers.Condition{}
	templates := map[string]notification{}
	for key, value := range config.Data {
		kind, name, _ := strings.Cut(key, ".")
		var err error
		switch kind {
		case "context":
			err = yaml.UnmarshalStrict([]byte(value), &context)
		case "trigger":
			var all []triggers.Condition
			err = yaml.UnmarshalStrict([]byte(value), &all)
			conditions[name] = all
		case "template":
			var one notification
			err = yaml.UnmarshalStrict([]byte(value), &one)
			templates[name] = one
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	service, err := triggers.NewService(conditions)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, file := range files[1:] {
		var app map[string]any
		if err := read(file, &app); err != nil {
			return err
		}
		vars := map[string]any{"app": app, "context": context}
		for _, name := range slices.Sorted(maps.Keys(conditions)) {
			results, err := service.Run(name, vars)
			if err != nil {
				return err
			}
			for _, result := range results {
				told := line{Application: file, Trigger: name, Triggered: result.Triggered, OncePer: result.OncePer}
				if result.Triggered {
					if err := told.render(templates, result.Templates, vars); err != nil {
						return fmt.Errorf("%s: %s: %w", file, name, err)
					}
				}
				if err := out.Encode(told); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (told *line) render(templates map[string]notification, names []string, vars map[string]any) error {
	told.Bodies = map[string]string{}
	for _, name := range names {
		one, ok := templates[name]
		if !ok {
			return fmt.Errorf("template '%s' is not supported", name)
		}
		message, err := fill(name, one.Message, vars)
		if err != nil {
			return err
		}
		told.Messages = append(told.Messages, message)
		for service, request := range one.Webhook {
			if told.Bodies[service], err = fill(name+service, request.Body, vars); err != nil {
				return err
			}
		}
	}
	return nil
}

func fill(name, text string, vars map[string]any) (string, error) {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	parsed, err := template.New(name).Funcs(functions).Parse(text)
	if err != nil {
		return "", err
	}
	var filled strings.Builder
	err = parsed.Execute(&filled, vars)
	return filled.String(), err
}

func read(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
