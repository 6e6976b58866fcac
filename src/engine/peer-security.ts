/**
 * TLS between the processes of a server: both prove that they hold the internal token, which is never sent, and nobody
 * else can read along. TLS 1.2, because Node has pre-shared keys for no later version.
 */
import { hkdfSync } from 'node:crypto'
import type { ConnectionOptions, TlsOptions } from 'node:tls'

const IDENTITY = 'headwater'

const common = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const

function keyOf(internalToken: string): Buffer {
  return Buffer.from(hkdfSync('sha256', internalToken, '', 'headwater peer', 32))
}

export function peerServerTls(internalToken: string): TlsOptions {
  const key = keyOf(internalToken)
  return { ...common, pskCallback: (_, identity) => (identity === IDENTITY ? key : null) }
}

export function peerClientTls(internalToken: string): ConnectionOptions {
  const psk = keyOf(internalToken)
  return {
    ...common,
    pskCallback: () => ({ identity: IDENTITY, psk }),
    // There are no certificates: the handshake fails without the key.
    checkServerIdentity: () => undefined,
  }
}
