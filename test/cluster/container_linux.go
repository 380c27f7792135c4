package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// entrant is the name under which a program starts itself in the namespaces of
// a pod, to become the pod's process there.
const entrant = "test-cluster-pod"

// container is what a process has to know to become that of a pod: it has the
// pod's address, and sees a file system with its program, its volumes and
// nothing else. All of them are root, since without rights on the machine
// there is nobody else to be.
type container struct {
	Host, Address string
	// Root is an empty folder, on which the file system is mounted.
	Root     string
	ReadOnly bool
	// Program is the one thing that an image would have.
	Program                string
	Arguments, Environment []string
	Mounts                 []mount
}

// mount is a folder of the machine at a path of the container.
type mount struct {
	From, To string
	ReadOnly bool
}

// newContainer reads a pod's only container; its volumes are in a folder, by
// their names.
func newContainer(pod *corev1.Pod, program, address, folder string) (container, error) {
	spec := pod.Spec.Containers[0]
	if len(pod.Spec.Containers) != 1 || len(pod.Spec.InitContainers) != 0 || len(spec.Command) != 0 || spec.WorkingDir != "" {
		return container{}, fmt.Errorf("pod %s is more than one program with arguments", pod.Name)
	}
	variables, err := environment(pod, &spec, address)
	if err != nil {
		return container{}, err
	}
	c := container{
		Host: pod.Name, Address: address, Root: filepath.Join(folder, "root"), Program: program,
		Arguments: spec.Args, Environment: variables,
	}
	if security := spec.SecurityContext; security != nil && security.ReadOnlyRootFilesystem != nil {
		c.ReadOnly = *security.ReadOnlyRootFilesystem
	}
	for _, volume := range spec.VolumeMounts {
		if volume.SubPath != "" || volume.SubPathExpr != "" {
			return container{}, fmt.Errorf("pod %s mounts a part of volume %s", pod.Name, volume.Name)
		}
		c.Mounts = append(c.Mounts, mount{filepath.Join(folder, "volumes", volume.Name), volume.MountPath, volume.ReadOnly})
	}
	return c, os.MkdirAll(c.Root, 0o755)
}

// start starts the container's process, with what it logs.
func (c container) start(log *os.File) (*exec.Cmd, error) {
	// By its name it may be gone, as what go run has built is in the end.
	command := exec.Command("/proc/self/exe")
	command.Args = []string{entrant}
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS}
	told, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	// It waits for what it is told, and is told when it has a network.
	err = attach(command.Process.Pid)
	if err == nil {
		err = errors.Join(json.NewEncoder(told).Encode(c), told.Close())
	}
	if err != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		return nil, err
	}
	return command, nil
}

// enter makes this process, which is in the namespaces of a pod, the pod's.
func enter(told io.Reader) error {
	var c container
	if err := json.NewDecoder(told).Decode(&c); err != nil {
		return err
	}
	if err := joinNetwork(c.Address); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(c.Host)); err != nil {
		return err
	}
	program, err := c.raiseRoot()
	if err != nil {
		return err
	}
	if err := errors.Join(unix.Chroot(c.Root), unix.Chdir("/")); err != nil {
		return err
	}
	return unix.Exec(program, append([]string{program}, c.Arguments...), c.Environment)
}

// raiseRoot mounts the container's file system, and gives the path that its
// program has there.
func (c container) raiseRoot() (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", fmt.Errorf("mounts are not made private: %w", err)
	}
	if err := unix.Mount("tmpfs", c.Root, "tmpfs", 0, "mode=755"); err != nil {
		return "", fmt.Errorf("mounting %s: %w", c.Root, err)
	}
	// The program is mounted on an empty file.
	program := filepath.Join("/bin", filepath.Base(c.Program))
	files := map[string]string{
		program:            "",
		"/etc/hosts":       fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", c.Address, c.Host),
		"/etc/resolv.conf": "nameserver " + machineAddress + "\n", // where nobody answers
	}
	for path, content := range files {
		at := filepath.Join(c.Root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(content), 0o755)); err != nil {
			return "", err
		}
	}
	if err := unix.Mount(c.Program, filepath.Join(c.Root, program), "", unix.MS_BIND, ""); err != nil {
		return "", fmt.Errorf("mounting %s: %w", c.Program, err)
	}
	// Programs look themselves up by their number, which is one of this namespace.
	proc := filepath.Join(c.Root, "proc")
	if err := errors.Join(os.Mkdir(proc, 0o755), unix.Mount("proc", proc, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")); err != nil {
		return "", fmt.Errorf("mounting %s: %w", proc, err)
	}
	for _, mount := range append([]mount{{From: "/dev", To: "/dev"}}, c.Mounts...) {
		if err := mount.mount(c.Root); err != nil {
			return "", fmt.Errorf("mounting %s: %w", mount.To, err)
		}
	}
	if c.ReadOnly {
		return program, readOnly(c.Root)
	}
	return program, nil
}

func (m mount) mount(root string) error {
	at := filepath.Join(root, m.To)
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.From, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if m.ReadOnly {
		return readOnly(at)
	}
	return nil
}

// readOnly adds to the flags of a mount, which without rights on the machine
// must not lose any.
func readOnly(path string) error {
	return unix.MountSetattr(unix.AT_FDCWD, path, 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// environment gives a container's environment. Resource limits, of which istiod
// takes the number of its threads, are those of a node that is only played.
func environment(pod *corev1.Pod, spec *corev1.Container, address string) ([]string, error) {
	variables := []string{"KUBERNETES_SERVICE_HOST=" + apiServerAddress, "KUBERNETES_SERVICE_PORT=443", "HOSTNAME=" + pod.Name, "PATH=/bin"}
	if len(spec.EnvFrom) > 0 {
		return nil, fmt.Errorf("pod %s takes its environment from elsewhere", pod.Name)
	}
	for _, variable := range spec.Env {
		value := variable.Value
		if from := variable.ValueFrom; from != nil {
			if from.ResourceFieldRef != nil {
				continue
			}
			if from.FieldRef == nil {
				return nil, fmt.Errorf("pod %s takes %s from elsewhere", pod.Name, variable.Name)
			}
			var err error
			if value, err = field(pod, address, from.FieldRef.FieldPath); err != nil {
				return nil, err
			}
		}
		variables = append(variables, variable.Name+"="+value)
	}
	return variables, nil
}

// field gives what a pod may ask of itself.
func field(pod *corev1.Pod, address, path string) (string, error) {
	fields := map[string]string{
		"metadata.name": pod.Name, "metadata.namespace": pod.Namespace, "metadata.uid": string(pod.UID),
		"spec.serviceAccountName": pod.Spec.ServiceAccountName, "spec.nodeName": pod.Spec.NodeName, "status.podIP": address,
	}
	value, known := fields[path]
	if !known {
		return "", fmt.Errorf("pod %s asks for its field %s, which nobody tells it", pod.Name, path)
	}
	return value, nil
}
