package manifest

import (
	"encoding/base64"
	"maps"
)

// withData returns a Secret with its stringData in data. The server does the same
// when it stores the Secret, but a field manager that applies stringData does not
// own what comes of it: a key that is removed later would stay. The object itself
// is not changed.
func withData(object Object) Object {
	if gvk := object.GroupVersionKind(); gvk.Group != "" || gvk.Kind != "Secret" {
		return object
	}
	written, found := object.Object["stringData"]
	texts, isMap := written.(map[string]any)
	data, isData := object.Object["data"].(map[string]any)
	if !found || written != nil && !isMap || object.Object["data"] != nil && !isData {
		return object // nothing to do, or for the server to refuse
	}
	fields := maps.Clone(object.Object)
	delete(fields, "stringData")
	if len(texts) > 0 {
		all := maps.Clone(data)
		if all == nil {
			all = map[string]any{}
		}
		for key, value := range texts {
			text, _ := value.(string)
			all[key] = base64.StdEncoding.EncodeToString([]byte(text))
		}
		fields["data"] = all
	}
	changed := *object.Unstructured
	changed.Object = fields
	object.Unstructured = &changed
	return object
}
