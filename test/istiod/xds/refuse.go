package main

import (
	"context"
	"errors"
	"fmt"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	status "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"istio.io/istio/pkg/adsc"

	resource "istio.io/istio/pilot/pkg/xds/v3"
)

// refuse takes the clusters that it is sent for wrong, and says so, as a proxy
// does of what it cannot use.
func refuse(ctx context.Context, connection *grpc.ClientConn, config adsc.Config) error {
	stream, err := discovery.NewAggregatedDiscoveryServiceClient(connection).StreamAggregatedResources(ctx)
	if err != nil {
		return err
	}
	node := fmt.Sprintf("sidecar~%s~%s.%s~%[3]s.svc.cluster.local", config.IP, config.Workload, config.Namespace)
	request := &discovery.DiscoveryRequest{Node: &core.Node{Id: node}, TypeUrl: resource.ClusterType}
	if err := stream.Send(request); err != nil {
		return err
	}
	answer, err := stream.Recv()
	if err != nil {
		return err
	}
	request.ResponseNonce = answer.GetNonce()
	request.ErrorDetail = &status.Status{Code: int32(codes.InvalidArgument), Message: "refused by a test"}
	if err := errors.Join(stream.Send(request), stream.CloseSend()); err != nil {
		return err
	}
	// It ends when istiod has read that.
	for err == nil {
		_, err = stream.Recv()
	}
	if ctx.Err() != nil {
		return fmt.Errorf("istiod does not end the connection: %w", err)
	}
	return nil
}
