import { describe, expect, it } from 'vitest'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import {
  mustPublish,
  mustReceive,
  receivableKinds,
  visibleFields,
} from '#src/gateway/realtime/may-receive.ts'
import { builtInRole } from '#src/rules/group-roles.ts'

const did = 'did:plc:alice'
const clientId = 'https://app.example.com/client.json'
const settings = {
  serviceDid: 'did:web:pds.example.com',
  preferencesAudience: 'did:web:appview.example.com#bsky_appview',
}
const aud = `aud=${settings.serviceDid}%23realtime`
const watch = `rpc:dev.headwater.realtime.watchSecurity?${aud}`

const session = (scope: string): Credential => ({
  ...{ kind: 'session', did, scope, validAt: 0 },
})
const app = (scopes: string): Credential => ({ kind: 'app', did, scopes, clientId, validAt: 0 })

const actingAs = (scope: string, scopes?: string): Credential => ({
  ...{ kind: 'member', did, scopes, validAt: 0 },
  member: { did: 'did:plc:eddie', role: 'own', scope, asOf: 0 },
})
const withRole = (role: string, scopes?: string) => actingAs(builtInRole(role)!.scope, scopes)
const listMembers = `rpc:dev.headwater.group.listMembers?aud=${settings.serviceDid}%23group`

const everyone = ['commit', 'identity', 'account', 'sync']
const security = ['session', 'grant', 'appPassword', 'factor', 'security']

describe('which kinds of its own account a credential receives', () => {
  it.each<[string, Credential, string[]]>([
    [
      'a session',
      session('com.atproto.access'),
      [...everyone, 'blob', 'preferences', ...security, 'email', 'moderation', 'member'],
    ],
    ...(['appPass', 'appPassPrivileged'] as const).map((name): [string, Credential, string[]] => [
      `a session of an app password (${name})`,
      session(`com.atproto.${name}`),
      [...everyone, 'preferences', 'appPassword', 'email'],
    ]),
    ['an app without scopes', app('atproto'), [...everyone, 'grant']],
    [
      'an app with the scope of app passwords',
      app('atproto transition:generic'),
      [...everyone, 'preferences', 'grant'],
    ],
    [
      'an app that may read the email address',
      app('atproto transition:email'),
      [...everyone, 'grant', 'email'],
    ],
    [
      'an app that may read the email address by a granular scope',
      app('atproto account:email'),
      [...everyone, 'grant', 'email'],
    ],
    [
      'an app that may call getPreferences',
      app('atproto rpc:app.bsky.actor.getPreferences?aud=*'),
      [...everyone, 'preferences', 'grant'],
    ],
    ['an app that may watch security', app(`atproto ${watch}`), [...everyone, ...security]],
    [
      'an app that may watch the security of another service',
      app('atproto rpc:dev.headwater.realtime.watchSecurity?aud=did:web:other.com%23realtime'),
      [...everyone, 'grant'],
    ],
    [
      'an app that may list members',
      app(`atproto ${listMembers}`),
      [...everyone, 'grant', 'member'],
    ],
    [
      'a member with the role owner',
      withRole('owner'),
      [...everyone, 'preferences', 'email', 'member'],
    ],
    [
      'a member with the role admin',
      withRole('admin'),
      [...everyone, 'preferences', 'email', 'member'],
    ],
    ['a member with the role editor', withRole('editor'), [...everyone, 'preferences', 'member']],
    ['a member with the role moderator', withRole('moderator'), [...everyone, 'member']],
    ['a member with the role viewer', withRole('viewer'), [...everyone, 'member']],
    [
      'a member with a role that may watch security',
      actingAs(`atproto ${watch}`),
      [...everyone, ...security, 'member'],
    ],
    ['an owner in an app without scopes', withRole('owner', 'atproto'), everyone],
    [
      'an owner in an app that may read the email address',
      withRole('owner', 'atproto account:email'),
      [...everyone, 'email'],
    ],
    [
      'a viewer in an app that may read the email address and list members',
      withRole('viewer', `atproto account:email ${listMembers}`),
      [...everyone, 'member'],
    ],
    ['a service token', { kind: 'service', did, validAt: 0 }, everyone],
    ['the admin', { kind: 'admin', validAt: 0 }, [...everyone, 'email', 'moderation']],
  ])('%s receives the kinds that it could read', (_, credential, kinds) => {
    expect(receivableKinds(credential, did, settings)).toEqual(kinds)
  })

  it('only the admin receives private events of another account', () => {
    const others = [
      session('com.atproto.access'),
      app(`atproto account:email ${watch}`),
      withRole('owner'),
    ]
    for (const credential of others) {
      expect(receivableKinds(credential, 'did:plc:bob', settings)).toEqual(everyone)
    }
  })
})

it('a kind that may not be received is refused with what it needs', () => {
  const refusal = { status: 403, error: 'ScopeMissing' }
  expect(() => mustReceive('security', app('atproto'), did, settings)).toThrow(
    expect.objectContaining({
      ...refusal,
      message:
        'The kind security needs rpc:dev.headwater.realtime.watchSecurity?aud=did:web:pds.example.com#realtime',
    }),
  )
  const bot = session('com.atproto.appPass')
  expect(() => mustReceive('session', bot, did, settings)).toThrow(expect.objectContaining(refusal))
})

describe('what is visible of a private event', () => {
  it('an app receives events of its own grant, and with a scope of all', () => {
    const own = { change: 'revoked', clientId }
    const other = { change: 'revoked', clientId: 'https://other.example.com' }
    const seen = (fields: object, credential: Credential) =>
      visibleFields('grant', { ...fields }, credential, settings)
    expect(seen(own, app('atproto'))).toEqual(own)
    expect(seen(other, app('atproto'))).toBeUndefined()
    expect(seen(other, app(`atproto ${watch}`))).toEqual(other)
    expect(seen(other, session('com.atproto.access'))).toEqual(other)
  })

  it('names of personal preferences are for full sessions', () => {
    const personal = 'app.bsky.actor.defs#personalDetailsPref'
    const names = [personal, 'app.bsky.actor.defs#threadViewPref']
    const seen = (credential: Credential, all = names) =>
      visibleFields('preferences', { names: all }, credential, settings)
    expect(seen(session('com.atproto.access'))).toEqual({ names })
    expect(seen(session('com.atproto.appPass'))).toEqual({ names: names.slice(1) })
    expect(seen(app('atproto transition:generic'), [personal])).toBeUndefined()
    expect(seen(withRole('owner'))).toEqual({ names: names.slice(1) })
  })

  it('the DID of a member is not in the place of that of the account', () => {
    const stored = { change: 'added', did: 'did:plc:vera', role: 'viewer' }
    const expected = { change: 'added', member: 'did:plc:vera', role: 'viewer' }
    expect(visibleFields('member', stored, withRole('viewer'), settings)).toEqual(expected)
  })
})

it('an app publishes in channels with the scope of publish only, and a member if its role has it, too', () => {
  const scope = `rpc:dev.headwater.realtime.publish?${aud}`
  const refusal = expect.objectContaining({ status: 403, error: 'ScopeMissing' })
  expect(() => mustPublish(app('atproto'), settings)).toThrow(refusal)
  expect(() => mustPublish({ kind: 'admin', validAt: 0 }, settings)).toThrow(refusal)
  mustPublish(app(`atproto ${scope}`), settings)
  mustPublish(session('com.atproto.appPass'), settings)
  mustPublish({ kind: 'service', did, validAt: 0 }, settings)
  mustPublish(withRole('editor'), settings)
  expect(() => mustPublish(withRole('viewer'), settings)).toThrow(refusal)
  mustPublish(withRole('editor', `atproto ${scope}`), settings)
  expect(() => mustPublish(withRole('editor', 'atproto'), settings)).toThrow(refusal)
})
