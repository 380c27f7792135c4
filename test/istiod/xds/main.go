// xds connects to istiod as a pod's proxy would, with a token of the pod's
// ServiceAccount, has a certificate signed, and prints the names of the clusters and the routes of one
// port that it is sent. It can refuse what it is sent instead, and it can stay,
// and take what changes, until its standard input ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protojson"

	resource "istio.io/istio/pilot/pkg/xds/v3"
	"istio.io/istio/pkg/adsc"
	"istio.io/istio/pkg/log"
)

// timeout is longer than istiod takes to send all it has.
const timeout = 20 * time.Second

// token is sent with every request.
type token string

// GetRequestMetadata gives the header that says who asks.
func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(t)}, nil
}

// RequireTransportSecurity says that a token is not for everybody to read.
func (t token) RequireTransportSecurity() bool { return true }

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	var config adsc.Config
	flag.StringVar(&config.Address, "address", "", "where istiod is")
	authority := flag.String("ca", "", "the certificate of istiod's authority")
	flag.StringVar(&config.Namespace, "namespace", "", "the pod's namespace")
	flag.StringVar(&config.Workload, "pod", "", "the pod's name")
	flag.StringVar(&config.IP, "ip", "", "the pod's address")
	port := flag.String("port", "", "the port whose routes are printed")
	refusing := flag.Bool("refuse", false, "refuse the clusters, and print nothing")
	staying := flag.Bool("stay", false, "stay connected")
	flag.Parse()
	transport, err := credentials.NewClientTLSFromFile(*authority, "istiod.istio-system.svc")
	if err != nil {
		return err
	}
	config.GrpcOpts = []grpc.DialOption{grpc.WithTransportCredentials(transport), grpc.WithPerRPCCredentials(token(os.Getenv("TOKEN")))}

	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	connection, err := grpc.NewClient(config.Address, config.GrpcOpts...)
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := certify(ctx, connection); err != nil {
		return err
	}
	if *refusing {
		return refuse(ctx, connection, config)
	}
	var until io.Reader = strings.NewReader("")
	if *staying {
		until = os.Stdin
	}
	return show(config, *port, until)
}

// show prints the clusters and the routes of a port, and stays connected until
// a stream ends.
func show(config adsc.Config, port string, until io.Reader) error {
	logging := log.DefaultOptions()
	logging.OutputPaths = []string{"stderr"}
	if err := log.Configure(logging); err != nil {
		return err
	}
	client, err := adsc.New(config.Address, &adsc.ADSConfig{Config: config, InitialDiscoveryRequests: []*discovery.DiscoveryRequest{
		{TypeUrl: resource.ClusterType}, {TypeUrl: resource.ListenerType},
	}})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Run(); err != nil {
		return err
	}
	if _, err := client.Wait(timeout, resource.ClusterType, resource.RouteType); err != nil {
		return err
	}
	route := client.GetRoutes()[port]
	if route == nil {
		return errors.New("istiod has sent no routes of port " + port)
	}
	routes, err := protojson.Marshal(route)
	if err != nil {
		return err
	}
	var clusters []string
	for name := range client.GetEdsClusters() {
		clusters = append(clusters, name)
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"clusters": clusters, "routes": json.RawMessage(routes)}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, until)
	return err
}
