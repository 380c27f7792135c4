package apiupgrade

import "strings"

// cronJob takes the time zone out of the schedule. The controller of old
// understood it there, though nobody had promised it; batch/v1 refuses it and
// has a field instead.
func cronJob(d *draft) error {
	spec := mapping(d.object, "spec")
	schedule, _ := spec["schedule"].(string)
	prefixed, zoned := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(schedule), "CRON_"), "TZ=")
	zone, rest, spaced := strings.Cut(prefixed, " ")
	if zoned && spaced && spec["timeZone"] == nil {
		spec["schedule"], spec["timeZone"] = strings.TrimSpace(rest), zone
		d.note("time zone %s moves from spec.schedule to spec.timeZone", zone)
	}
	return nil
}
