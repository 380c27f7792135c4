package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"google.golang.org/grpc"
	"istio.io/api/security/v1alpha1"
)

// certify has istiod sign a certificate for the owner of the token, as every
// proxy does before anything else.
func certify(ctx context.Context, connection *grpc.ClientConn) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	// Whose it is, istiod takes from the token.
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return err
	}
	answer, err := v1alpha1.NewIstioCertificateServiceClient(connection).CreateCertificate(ctx, &v1alpha1.IstioCertificateRequest{
		Csr:              string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})),
		ValidityDuration: 3600,
	})
	if err == nil && len(answer.GetCertChain()) == 0 {
		err = errors.New("istiod has signed nothing")
	}
	return err
}
