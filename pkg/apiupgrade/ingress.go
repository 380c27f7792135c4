package apiupgrade

// ingress is that of extensions/v1beta1 and of networking.k8s.io/v1beta1. See
// pkg/apis/networking/v1beta1/conversion.go and defaults.go of Kubernetes
// 1.21, the last release that served these versions.
func ingress(d *draft) error {
	spec := mapping(d.object, "spec")
	if backend := mapping(spec, "backend"); backend != nil && spec["defaultBackend"] == nil {
		move(spec, "backend", spec, "defaultBackend")
		serviceBackend(backend)
		d.note("spec.backend becomes spec.defaultBackend")
	}
	for _, rule := range mappings(spec, "rules") {
		for _, path := range mappings(mapping(rule, "http"), "paths") {
			serviceBackend(mapping(path, "backend"))
			d.fill(path, "spec.rules[].http.paths[]", "pathType", "ImplementationSpecific")
		}
	}
	return nil
}

// serviceBackend takes the Service's name and port into a mapping of their
// own. What names neither, as next to a resource, says nothing.
func serviceBackend(backend map[string]any) {
	if backend == nil || backend["service"] != nil {
		return
	}
	name, named := backend["serviceName"].(string)
	port := map[string]any{}
	switch value := backend["servicePort"].(type) {
	case nil:
	case string:
		port["name"] = value
	case int64:
		if value != 0 {
			port["number"] = value
		}
	default:
		return
	}
	if !named && backend["serviceName"] != nil {
		return
	}
	delete(backend, "serviceName")
	delete(backend, "servicePort")
	if name != "" || len(port) > 0 {
		backend["service"] = map[string]any{"name": name, "port": port}
	}
}
