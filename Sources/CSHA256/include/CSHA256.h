#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

/// Whether this processor has SHA-256 instructions that `csha256_compress` can use.
int csha256_is_available(void);

/// Applies the compression function of FIPS 180-4, section 6.2.2, to `block_count` blocks of 64 bytes at `blocks`,
/// which need not be aligned. Only to be called where `csha256_is_available` returns 1.
void csha256_compress(uint32_t state[8], const uint8_t *blocks, size_t block_count);

#endif
