package apiupgrade

// webhookConfiguration is of either kind. The defaults are those of
// pkg/apis/admissionregistration/v1beta1/defaults.go of Kubernetes 1.21, the
// last release that served this version; admissionregistration.k8s.io/v1
// fails, matches equivalent versions and waits 10 seconds.
func webhookConfiguration(d *draft) error {
	const path = "webhooks[]"
	for _, webhook := range mappings(d.object, "webhooks") {
		d.fill(webhook, path, "failurePolicy", "Ignore")
		d.fill(webhook, path, "matchPolicy", "Exact")
		d.fill(webhook, path, "timeoutSeconds", int64(30))
		if emptyList(webhook, "admissionReviewVersions") {
			delete(webhook, "admissionReviewVersions")
			d.fill(webhook, path, "admissionReviewVersions", []any{"v1beta1"})
		}
		// v1 takes only webhooks that leave a dry run without effects. One
		// that says nothing is believed to; one that says Some is not, and is
		// for the server to refuse.
		if blank(webhook, "sideEffects") || webhook["sideEffects"] == "Unknown" {
			webhook["sideEffects"] = "NoneOnDryRun"
			d.note("%s.sideEffects becomes NoneOnDryRun: dry runs, refused before, now reach the webhook", path)
		}
	}
	return nil
}
