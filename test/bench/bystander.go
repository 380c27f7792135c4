package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

const (
	// bystanderName is that of the other client's account and role.
	bystanderName = "bystander"
	// bystanderPace is how often it asks.
	bystanderPace = 50 * time.Millisecond
	// bystanderUnderWay bounds how many answers it waits for at once.
	bystanderUnderWay = 200
)

// bystander is another client of a control plane, with an account and a
// connection of its own, which notices how busy that is.
type bystander struct{ client kubernetes.Interface }

// newBystander makes the account, what it may read, and something to read.
func newBystander(ctx context.Context, control *cluster.Cluster) (*bystander, error) {
	config, err := clientcmd.BuildConfigFromFlags("", control.Kubeconfig)
	if err != nil {
		return nil, err
	}
	admin, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	meta := metav1.ObjectMeta{Name: bystanderName, Namespace: "default"}
	if _, err := admin.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	config.TLSClientConfig.CertFile, config.TLSClientConfig.KeyFile = "", ""
	config.TLSClientConfig.CertData, config.TLSClientConfig.KeyData = nil, nil
	role := &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list"}}}}
	if _, err := admin.RbacV1().Roles("default").Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: bystanderName},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: bystanderName}},
	}
	if _, err := admin.RbacV1().RoleBindings("default").Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	if _, err := admin.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"colour": "blue"}}, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	token, err := admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, bystanderName, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	config.BearerToken, config.QPS = token.Status.Token, -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	b := &bystander{client}
	// The role is in force when it is seen to be, and the connection is open.
	return b, b.ready(ctx)
}

// ready asks until both questions are answered.
func (b *bystander) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ticker := time.NewTicker(bystanderPace)
	defer ticker.Stop()
	for {
		err := b.get(ctx)
		if err == nil {
			return b.list(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}

func (b *bystander) get(ctx context.Context) error {
	_, err := b.client.CoreV1().ConfigMaps("default").Get(ctx, bystanderName, metav1.GetOptions{})
	return err
}

func (b *bystander) list(ctx context.Context) error {
	_, err := b.client.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	return err
}

// noticed is what requests took, in seconds from when they were due.
type noticed struct {
	get, list []float64
	err       error
}

// watch asks, a get and a list in turn, until the returned function is called,
// which tells what was noticed.
func (b *bystander) watch(ctx context.Context) (stop func() noticed) {
	ctx, cancel := context.WithCancel(ctx)
	var found noticed
	var asking sync.WaitGroup
	asking.Go(func() { found = b.ask(ctx) })
	return func() noticed {
		cancel()
		asking.Wait()
		return found
	}
}

// ask asks at a steady pace: a question does not wait for the answer to the
// one before, or one slow answer would make all that follow late.
func (b *bystander) ask(ctx context.Context) noticed {
	var found noticed
	var mutex sync.Mutex
	var answering errgroup.Group
	answering.SetLimit(bystanderUnderWay)
	ticker := time.NewTicker(bystanderPace)
	defer ticker.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
			continue
		case <-ticker.C:
		}
		question, answers, due := b.get, &found.get, time.Now()
		if i%2 == 1 {
			question, answers = b.list, &found.list
		}
		answering.Go(func() error {
			err := question(ctx)
			if ctx.Err() != nil {
				return nil // it was the end, and no answer
			}
			mutex.Lock()
			defer mutex.Unlock()
			*answers = append(*answers, time.Since(due).Seconds())
			return err
		})
	}
	found.err = answering.Wait()
	return found
}
