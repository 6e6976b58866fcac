import { expect, it } from 'vitest'
import { permissionsOf, withinRole } from '#src/gateway/pages/sign-in/permissions.ts'
import { builtInRole } from '#src/rules/group-roles.ts'

const none = new Map()
const kinds = (scope: string) => permissionsOf(scope, none, 'en').map(({ kind }) => kind)

it.each([
  ['atproto', []],
  ['atproto transition:generic', ['everything', 'anyCall']],
  ['atproto transition:email', ['email']],
  ['atproto transition:generic transition:chat.bsky', ['everything', 'anyCall', 'messages']],
  ['atproto repo:*', ['everything']],
  ['atproto account:repo?action=manage', ['everything']],
  ['atproto identity:*', ['identity']],
  ['atproto identity:handle account:status?action=manage', ['handle', 'status']],
  ['atproto blob:image/*', ['uploads']],
])('the scope %s is shown as %j', (scope, shown) => {
  expect(kinds(scope)).toEqual(shown)
})

it('records are shown by collection, with what may be done to them in all scopes together', () => {
  const scope =
    'atproto repo:com.example.note?action=create repo:com.example.note?action=delete repo:app.example.list'
  expect(permissionsOf(scope, none, 'en')).toEqual([
    {
      kind: 'records',
      records: [
        { collection: 'app.example.list', actions: ['create', 'update', 'delete'] },
        { collection: 'com.example.note', actions: ['create', 'delete'] },
      ],
    },
  ])
})

it('calls are shown by service', () => {
  const aud = encodeURIComponent('did:web:api.example.com#feed')
  const scope = `atproto rpc:com.example.b?aud=${aud} rpc:com.example.a?aud=${aud}`
  expect(permissionsOf(scope, none, 'en')).toEqual([
    {
      kind: 'calls',
      calls: [
        { service: 'did:web:api.example.com#feed', methods: ['com.example.a', 'com.example.b'] },
      ],
    },
  ])
})

const sets = new Map([
  [
    'com.example.authBasic',
    {
      type: 'permission-set',
      title: 'Notes',
      'title:lang': { de: 'Notizen' },
      permissions: [
        { type: 'permission', resource: 'repo', collection: ['com.example.note'] },
        { type: 'permission', resource: 'repo', collection: ['app.other.thing'] },
      ],
    },
  ],
])

it('a permission set is shown with its title in the language of the page, and what it may contain', () => {
  expect(permissionsOf('atproto include:com.example.authBasic', sets, 'de')).toEqual([
    {
      kind: 'set',
      nsid: 'com.example.authBasic',
      title: 'Notizen',
      records: [{ collection: 'com.example.note', actions: ['create', 'update', 'delete'] }],
      calls: [],
    },
  ])
})

it('of what an app asks for, a role leaves what it allows, also of permission sets', () => {
  const role = builtInRole('moderator')!.scope
  const scope = 'atproto include:com.example.authBasic identity:* account:email'
  const within = withinRole(scope, role, sets)
  expect(permissionsOf(within, sets, 'en')).toEqual([
    { kind: 'records', records: [{ collection: 'com.example.note', actions: ['delete'] }] },
  ])
  expect(withinRole(scope, builtInRole('viewer')!.scope, sets)).toBe('atproto')
})
