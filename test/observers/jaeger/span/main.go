// span sends one span over OTLP and gRPC, as a proxy would that traces a
// request.
package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// timeout is longer than it takes to connect and to be answered.
const timeout = 20 * time.Second

func main() {
	address := flag.String("address", "", "where spans are received")
	service := flag.String("service", "", "whose span it is")
	id := flag.String("trace", "", "the trace's number, 32 hexadecimal digits")
	flag.Parse()
	if err := send(*address, *service, *id); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func send(address, service, id string) error {
	var trace pcommon.TraceID
	if n, err := hex.Decode(trace[:], []byte(id)); err != nil || n != len(trace) {
		return errors.Join(errors.New("the trace has no number"), err)
	}
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", service)
	span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(trace)
	span.SetSpanID(pcommon.SpanID{1})
	span.SetName("request")
	span.SetKind(ptrace.SpanKindServer)
	end := time.Now()
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Second)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))

	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	answer, err := ptraceotlp.NewGRPCClient(connection).Export(ctx, ptraceotlp.NewExportRequestFromTraces(traces), grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if refused := answer.PartialSuccess(); refused.RejectedSpans() > 0 {
		return errors.New(refused.ErrorMessage())
	}
	return nil
}
