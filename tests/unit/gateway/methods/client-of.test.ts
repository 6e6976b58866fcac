import { expect, it } from 'vitest'
import { clientOf } from '#src/gateway/methods/client-of.ts'

const did = 'did:plc:alice'
const clientId = 'https://app.example.com/client.json'

it('a write is by an app, by an app password, or by the account’s password', () => {
  expect(clientOf({ did, scope: 'oauth', clientId })).toBe(clientId)
  const scope = 'com.atproto.appPass'
  expect(clientOf({ did, scope, appPassword: 'id' })).toBe('app password id')
  expect(clientOf({ did, scope: 'com.atproto.access' })).toBe('session')
})

it('a write of a member is in the audit log', () => {
  const actingMember = { did: 'did:plc:eddie', role: 'editor', revision: 0, client: clientId }
  expect(clientOf({ did, scope: 'member', clientId, actingMember })).toBeUndefined()
})
