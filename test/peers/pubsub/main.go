// Pub/Sub as Google's own Go library serves it to tests, by TLS, to one service account at a time.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1")
	cert := flag.String("cert", "", "certificate (PEM)")
	key := flag.String("key", "", "its key (PEM)")
	issuer := flag.String("issuer", "", "file with the service account that may call")
	busy := flag.String("busy", "", "file that is there while publishers have to slow down")
	flag.Parse()

	transport, err := credentials.NewServerTLSFromFile(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	// The library's own server is behind this one: ours adds TLS and asks who calls.
	inner := pstest.NewServerWithAddress("127.0.0.1:0")
	defer inner.Close()
	outer := grpc.NewServer(grpc.Creds(transport), grpc.MaxRecvMsgSize(1<<28), grpc.UnaryInterceptor(
		func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			allowed, err := os.ReadFile(*issuer)
			if err != nil {
				return nil, err
			}
			if caller(ctx) != strings.TrimSpace(string(allowed)) {
				return nil, status.Error(codes.Unauthenticated, "Request had invalid authentication credentials.")
			}
			if _, err := os.Stat(*busy); err == nil && strings.HasSuffix(info.FullMethod, "/Publish") {
				return nil, status.Error(codes.ResourceExhausted, "Quota exceeded for quota metric 'Regional publisher throughput'.")
			}
			return handle(ctx, request)
		}))
	pubsubpb.RegisterPublisherServer(outer, &inner.GServer)
	pubsubpb.RegisterSubscriberServer(outer, &inner.GServer)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(outer.Serve(listener))
}

// caller reads the issuer of the caller's token; the tests of the sink look at its signature.
func caller(ctx context.Context) string {
	headers, _ := metadata.FromIncomingContext(ctx)
	for _, header := range headers.Get("authorization") {
		parts := strings.Split(strings.TrimPrefix(header, "Bearer "), ".")
		if len(parts) != 3 {
			continue
		}
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			continue
		}
		var claims struct {
			Issuer string `json:"iss"`
		}
		if json.Unmarshal(text, &claims) == nil {
			return claims.Issuer
		}
	}
	return ""
}
