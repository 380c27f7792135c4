#!/bin/sh
# The pods of the test cluster always run. This lets one of them say what a
# kubelet says that cannot pull its image: sicken.sh NAMESPACE SELECTOR
set -eu
namespace=$1
pod=$(kubectl get pods -n "$namespace" -l "$2" -o jsonpath='{.items[0].metadata.name}')
uid=$(kubectl get pod "$pod" -n "$namespace" -o jsonpath='{.metadata.uid}')
container=$(kubectl get pod "$pod" -n "$namespace" -o jsonpath='{.spec.containers[0].name}')
image=$(kubectl get pod "$pod" -n "$namespace" -o jsonpath='{.spec.containers[0].image}')
deployment=$(kubectl get pod "$pod" -n "$namespace" -o jsonpath='{.metadata.labels.app}')

kubectl create -f - >/dev/null <<YAML
apiVersion: v1
kind: Event
metadata: {generateName: $pod., namespace: $namespace}
type: Warning
reason: Failed
message: 'Failed to pull image "$image": failed to resolve reference "$image": $image: not found'
lastTimestamp: $(date -u +%Y-%m-%dT%H:%M:%SZ)
involvedObject: {apiVersion: v1, kind: Pod, namespace: $namespace, name: $pod, uid: $uid, fieldPath: 'spec.containers{$container}'}
YAML
kubectl patch pod "$pod" -n "$namespace" --subresource=status --patch-file=/dev/stdin >/dev/null <<YAML
status:
  conditions:
  - {type: Ready, status: "False", reason: ContainersNotReady, message: 'containers with unready status: [$container]'}
  containerStatuses:
  - name: $container
    image: $image
    imageID: ""
    ready: false
    state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "$image"'}}
YAML
kubectl wait deployment "$deployment" -n "$namespace" --for=condition=Available=False --timeout=30s >/dev/null
