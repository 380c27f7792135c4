package apiupgrade

import (
	"fmt"
	"slices"
)

// The fields of an object are read as its author wrote them: what is of
// another type than it should be counts as not to be touched, and null as not
// there.

// mapping returns the mapping at a path, to be changed in place; nil if there is
// none.
func mapping(parent map[string]any, path ...string) map[string]any {
	for _, key := range path {
		parent, _ = parent[key].(map[string]any)
	}
	return parent
}

// made returns the mapping of a key and makes it where there is nothing; nil if
// there is something else.
func made(parent map[string]any, key string) map[string]any {
	if parent == nil {
		return nil
	}
	if parent[key] == nil {
		parent[key] = map[string]any{}
	}
	return mapping(parent, key)
}

// mappings returns the entries of a list that are mappings.
func mappings(parent map[string]any, key string) []map[string]any {
	list, _ := parent[key].([]any)
	var entries []map[string]any
	for _, entry := range list {
		if fields, ok := entry.(map[string]any); ok {
			entries = append(entries, fields)
		}
	}
	return entries
}

// blank reports whether a field is absent or empty text, which Kubernetes does
// not tell apart in fields that are no pointers.
func blank(parent map[string]any, key string) bool {
	return parent[key] == nil || parent[key] == ""
}

// unset reports whether a field is absent or 0.
func unset(parent map[string]any, key string) bool {
	return parent[key] == nil || parent[key] == int64(0) || parent[key] == float64(0)
}

// emptyList reports whether a field is absent or a list of nothing.
func emptyList(parent map[string]any, key string) bool {
	list, ok := parent[key].([]any)
	return parent[key] == nil || ok && len(list) == 0
}

// move renames a field, or takes it to another mapping.
func move(from map[string]any, key string, to map[string]any, renamed string) {
	if value, ok := from[key]; ok {
		delete(from, key)
		if value != nil {
			to[renamed] = value
		}
	}
}

// drop removes a field and tells whether there was something in it.
func drop(parent map[string]any, key string) bool {
	value := parent[key]
	delete(parent, key)
	return value != nil
}

// fill writes a default of the old version where the author wrote nothing.
// The path is that of the parent.
func (d *draft) fill(parent map[string]any, path, key string, value any) {
	if parent == nil || parent[key] != nil {
		return
	}
	parent[key] = value
	// The lists of an object can have many entries that lack the same.
	if text := fmt.Sprintf("%s.%s: %v", path, key, value); !slices.Contains(d.defaults, text) {
		d.defaults = append(d.defaults, text)
	}
}
