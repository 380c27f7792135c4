package event

type (
	// Forwarding says that connections get through to a pod.
	Forwarding struct {
		Object Object
		Port   int
	}

	// ForwardBroken says why connections do not get through to a pod any more,
	// or not yet.
	ForwardBroken struct {
		Object Object
		Why    string
	}
)

func (Forwarding) event()    {}
func (ForwardBroken) event() {}
