import { expect, it } from 'vitest'
import { credentialOf } from '#src/gateway/realtime/authenticate-subscriber.ts'

it('a member cannot subscribe as its group: a connection would not notice a change of its role', () => {
  const actingMember = { did: 'did:plc:eddie', role: 'editor', revision: 0 }
  const caller = { did: 'did:plc:cooks', scope: 'member', actingMember }
  const refused = expect.objectContaining({ status: 403 })
  expect(() => credentialOf(caller, 0)).toThrow(refused)
})
