package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tokenSeconds is how long a token holds. A kubelet would renew it; here it is
// longer than a test cluster lives.
const tokenSeconds = 30 * 24 * 60 * 60

// volumes writes the volumes of a pod as they are when it starts: what changes
// afterwards, a kubelet would write again, and here does not come.
type volumes struct {
	kubelet *kubelet
	pod     *corev1.Pod
	address string
}

// write writes each of the pod's volumes into a folder of its name.
func (v volumes) write(ctx context.Context, folder string) error {
	for _, volume := range v.pod.Spec.Volumes {
		into := filepath.Join(folder, volume.Name)
		if err := os.MkdirAll(into, 0o755); err != nil {
			return err
		}
		if volume.EmptyDir != nil {
			continue
		}
		files, err := v.read(ctx, volume)
		if err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
		}
		for path, content := range files {
			at := filepath.Join(into, path)
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(at, content, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// read gives the files of a volume.
func (v volumes) read(ctx context.Context, volume corev1.Volume) (map[string][]byte, error) {
	switch {
	case volume.ConfigMap != nil:
		return v.configMap(ctx, volume.ConfigMap.Name, volume.ConfigMap.Items, volume.ConfigMap.Optional)
	case volume.Secret != nil:
		return v.secret(ctx, volume.Secret.SecretName, volume.Secret.Items, volume.Secret.Optional)
	case volume.Projected != nil:
		files := map[string][]byte{}
		for _, source := range volume.Projected.Sources {
			more, err := v.projected(ctx, source)
			if err != nil {
				return nil, err
			}
			for path, content := range more {
				files[path] = content
			}
		}
		return files, nil
	}
	return nil, errors.New("nobody here knows how to write it")
}

func (v volumes) projected(ctx context.Context, source corev1.VolumeProjection) (map[string][]byte, error) {
	switch {
	case source.ServiceAccountToken != nil:
		token, err := v.token(ctx, source.ServiceAccountToken.Audience)
		return map[string][]byte{source.ServiceAccountToken.Path: []byte(token)}, err
	case source.ConfigMap != nil:
		return v.configMap(ctx, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
	case source.Secret != nil:
		return v.secret(ctx, source.Secret.Name, source.Secret.Items, source.Secret.Optional)
	case source.DownwardAPI != nil:
		files := map[string][]byte{}
		for _, item := range source.DownwardAPI.Items {
			if item.FieldRef == nil {
				return nil, fmt.Errorf("%s is no field", item.Path)
			}
			value, err := field(v.pod, v.address, item.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			files[item.Path] = []byte(value)
		}
		return files, nil
	}
	return nil, errors.New("nobody here knows how to write a part of it")
}

func (v volumes) configMap(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (map[string][]byte, error) {
	object, err := v.kubelet.client.CoreV1().ConfigMaps(v.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, unlessOptional(err, optional)
	}
	data := object.BinaryData
	if data == nil {
		data = map[string][]byte{}
	}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	return chosen(data, items)
}

func (v volumes) secret(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (map[string][]byte, error) {
	object, err := v.kubelet.client.CoreV1().Secrets(v.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, unlessOptional(err, optional)
	}
	return chosen(object.Data, items)
}

func unlessOptional(err error, optional *bool) error {
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return nil
	}
	return err
}

// chosen gives the keys that a volume names at their paths, and all of them if
// it names none.
func chosen(data map[string][]byte, items []corev1.KeyToPath) (map[string][]byte, error) {
	if len(items) == 0 {
		return data, nil
	}
	files := map[string][]byte{}
	for _, item := range items {
		content, is := data[item.Key]
		if !is {
			return nil, fmt.Errorf("there is no key %s", item.Key)
		}
		files[item.Path] = content
	}
	return files, nil
}

// token gives a token of the pod's ServiceAccount that is bound to the pod, as
// kubelets ask for. Without an audience it is for the API server.
func (v volumes) token(ctx context.Context, audience string) (string, error) {
	seconds := int64(tokenSeconds)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: &seconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: v.pod.Name, UID: v.pod.UID},
	}}
	if audience != "" {
		request.Spec.Audiences = []string{audience}
	}
	accounts := v.kubelet.client.CoreV1().ServiceAccounts(v.pod.Namespace)
	answer, err := accounts.CreateToken(ctx, v.pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}
