package manifest

// InputError is a fault of the manifest or the values. Nothing was sent to
// the cluster that would change it.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// Manifest is a source of objects that has been read. All but the objects may
// be empty.
type Manifest struct {
	// What names it for people: "Istio 1.31.0 demo", or the files.
	What string
	// Objects are changed by an install: they are given namespaces, labels and
	// served versions. Whoever needs them afterwards keeps copies. Warnings are
	// told to the sink, a line each.
	Objects  []Object
	Warnings []string
	// Withheld are objects that Installable has left out.
	Withheld []Object
	// BuiltIn marks what comes with the program: users can leave nothing out of it.
	BuiltIn bool
	// LastWins has the last of several definitions of an object count; otherwise
	// they are refused if they differ.
	LastWins bool
	// MinimumVersion is the oldest Kubernetes that it runs on, such as
	// "1.32", and Architectures those that its images are built for; both are
	// empty where nobody knows.
	MinimumVersion string
	Architectures  []string
	// Settings are what the user has said of the built-in demo, for the inventory;
	// nil for other manifests. Reset has those of the last install dropped without
	// a word.
	Settings *Settings
	Reset    bool
	// Injected are images of containers that are put into pods later, by what
	// is installed.
	Injected []string
}
