import { expect, it } from 'vitest'
import { readDeviceWithAccounts } from '#src/authorization/devices.ts'
import { putTakenOver } from '#src/authorization/takeover.ts'
import { findTokenOwner } from '#src/authorization/token-index.ts'
import { testShard } from '#tests/support/test-shard.ts'

it('devices with their accounts and token owners are replaced by a later pass', async () => {
  const shard = testShard()
  const device = { id: 'd', userAgent: null, ipAddress: '192.0.2.1', lastSeenAt: 1 }
  const expiresAt = shard.clock.now() + 1_000
  for (const sessionId of ['first', 'second']) {
    await putTakenOver(shard, {
      devices: [{ ...device, sessionId, lastSeenAt: shard.clock.now() }],
      deviceAccounts: [{ deviceId: 'd', did: 'did:plc:alice' }],
      names: [{ hash: 'hash', did: 'did:plc:alice' }],
      expiresAt,
    })
  }
  expect(await readDeviceWithAccounts(shard, { id: 'd' })).toMatchObject({
    device: { sessionId: 'second' },
    dids: ['did:plc:alice'],
  })
  expect(await findTokenOwner(shard, { hash: 'hash' })).toMatchObject({ did: 'did:plc:alice' })
})
