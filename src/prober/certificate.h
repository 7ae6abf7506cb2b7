/* An X509 certificate as decoded facts. */
#ifndef SALLYPORT_PROBER_CERTIFICATE_H
#define SALLYPORT_PROBER_CERTIFICATE_H

#include <stdbool.h>

#include <openssl/x509.h>

#include <sallyport/observation.h>

/* False: memory is out; `ret` then holds nothing. */
bool certificate_describe(X509 *certificate, struct sp_certificate *ret);

enum sp_key_type certificate_key_type(const EVP_PKEY *key);

#endif
