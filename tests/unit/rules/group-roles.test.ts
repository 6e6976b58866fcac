import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { describe, expect, it } from 'vitest'
import {
  builtInRole,
  builtInRoles,
  coversRole,
  manageFlags,
  mayManage,
} from '#src/rules/group-roles.ts'
import { commonScopes, coversScope } from '#src/rules/scope-coverage.ts'

const role = (scope: string, manage: (typeof manageFlags)[number][] = []) => ({
  ...{ name: 'poster', scope, manage, revision: 1 },
})

describe('built-in roles', () => {
  it('are five, of which only the owner may do everything', () => {
    expect(builtInRoles.map(({ name }) => name)).toEqual([
      ...['owner', 'admin', 'editor', 'moderator', 'viewer'],
    ])
    const all = builtInRoles.filter((each) => manageFlags.every((flag) => mayManage(each, flag)))
    expect(all.map(({ name }) => name)).toEqual(['owner'])
  })

  it('allow what their scopes say, as the OAuth library reads them', () => {
    const of = (name: string) => new ScopePermissionsTransition(builtInRole(name)!.scope)
    const writes = { action: 'create', collection: 'com.example.thing' } as const
    const removes = { action: 'delete', collection: 'com.example.thing' } as const
    const can = (name: string) => [
      of(name).allowsRepo(writes),
      of(name).allowsRepo(removes),
      of(name).allowsBlob({ mime: 'image/png' }),
      of(name).allowsIdentity({ attr: 'handle' }),
      of(name).allowsAccount({ attr: 'status', action: 'manage' }),
    ]
    expect(can('owner')).toEqual([true, true, true, true, true])
    expect(can('admin')).toEqual([true, true, true, false, true])
    expect(can('editor')).toEqual([true, true, true, false, false])
    expect(can('moderator')).toEqual([false, true, false, false, false])
    expect(can('viewer')).toEqual([false, false, false, false, false])
  })

  it('cover each other in their order, except that a moderator resolves requests and an editor does not', () => {
    const names = builtInRoles.map(({ name }) => name)
    const covered = names.map((own) =>
      names.filter((other) => coversRole(builtInRole(own)!, builtInRole(other)!)),
    )
    expect(covered).toEqual([
      names,
      ['admin', 'editor', 'moderator', 'viewer'],
      ['editor', 'viewer'],
      ['moderator', 'viewer'],
      ['viewer'],
    ])
  })
})

describe('coversRole', () => {
  it('no role but the owner covers an owner, whatever its scopes', () => {
    const owner = builtInRole('owner')!
    expect(coversRole({ ...owner, name: 'almost' }, owner)).toBe(false)
  })

  it('a role with a flag that the own one lacks is not covered', () => {
    expect(coversRole(role('repo:*', ['audit']), role('repo:*', ['audit']))).toBe(true)
    expect(coversRole(role('repo:*'), role('repo:*', ['audit']))).toBe(false)
  })
})

describe('coversScope', () => {
  it.each([
    ['repo:*', 'repo:com.example.thing', true],
    ['repo:*?action=create', 'repo:com.example.thing?action=create', true],
    ['repo:*?action=create', 'repo:com.example.thing', false],
    ['repo:*?action=create repo:*?action=update repo:*?action=delete', 'repo:*', true],
    ['repo:com.example.thing', 'repo:*', false],
    ['repo:com.example.thing', 'repo?collection=com.example.thing&action=delete', true],
    ['repo?collection=com.example.a&collection=com.example.b', 'repo:com.example.b', true],
    ['blob:*/*', 'blob:image/png', true],
    ['blob:image/*', 'blob:image/png', true],
    ['blob:image/*', 'blob:video/mp4', false],
    ['identity:*', 'identity:handle', true],
    ['identity:handle', 'identity:*', false],
    ['account:email?action=manage', 'account:email', true],
    ['account:email', 'account:email?action=manage', false],
    ['account:repo?action=manage', 'account:email', false],
    ['transition:generic', 'repo:*', true],
    ['transition:generic', 'blob:*/*', true],
    ['transition:generic', 'rpc:app.bsky.feed.getTimeline?aud=*', true],
    ['transition:generic', 'rpc:*?aud=did:web:api.example#x', false],
    ['transition:generic', 'rpc:chat.bsky.convo.getLog?aud=*', false],
    ['transition:chat.bsky', 'rpc:chat.bsky.convo.getLog?aud=*', true],
    ['transition:generic', 'identity:handle', false],
    ['transition:generic', 'transition:chat.bsky', false],
    ['transition:email', 'account:email', true],
    [
      'rpc:*?aud=did:web:a.example#x',
      'rpc:app.bsky.feed.getTimeline?aud=did:web:a.example#x',
      true,
    ],
    [
      'rpc:app.bsky.feed.getTimeline?aud=did:web:a.example#x',
      'rpc:app.bsky.feed.getTimeline?aud=*',
      false,
    ],
    ['include:com.example.all', 'include:com.example.all', true],
    ['include:com.example.all', 'include:com.example.some', false],
    ['repo:*', 'unknown:thing', false],
    ['repo:*', 'repo', false],
  ])('%s includes %s: %s', (own, wanted, expected) => {
    expect(coversScope(own.split(' '), wanted)).toBe(expected)
  })
})

describe('commonScopes', () => {
  it.each([
    ['atproto repo:*', 'atproto repo:com.example.a', 'atproto repo:com.example.a'],
    ['atproto repo:com.example.a', 'atproto repo:*', 'atproto repo:com.example.a'],
    ['atproto repo:*?action=delete', 'atproto repo:com.a.b', 'atproto repo:com.a.b?action=delete'],
    ['atproto repo:*?action=delete', 'atproto transition:generic', 'atproto repo:*?action=delete'],
    ['atproto', 'atproto transition:generic repo:* account:email', 'atproto'],
    [builtInRole('editor')!.scope, 'atproto transition:chat.bsky repo:*', 'atproto repo:*'],
    [builtInRole('editor')!.scope, 'atproto identity:handle blob:*/*', 'atproto blob:*/*'],
    [builtInRole('editor')!.scope, 'atproto transition:generic', 'atproto transition:generic'],
    [
      'atproto rpc:app.bsky.feed.getFeed?aud=did:web:a.example%23appview',
      'atproto rpc:*?aud=did:web:a.example%23appview',
      'atproto rpc:app.bsky.feed.getFeed?aud=did:web:a.example%23appview',
    ],
    ['atproto account:email?action=manage', 'atproto account:email', 'atproto account:email'],
  ])('of %s and %s are %s', (own, wanted, both) => {
    expect(commonScopes(own.split(' '), wanted.split(' ')).join(' ')).toBe(both)
  })

  it('never allow what one of both does not, as the OAuth library reads them', () => {
    const texts = [
      'atproto',
      ...[
        'repo:*',
        'repo:com.example.a',
        'repo:com.example.a?action=delete',
        'repo:*?action=create',
      ],
      ...['transition:generic', 'transition:chat.bsky', 'blob:*/*', 'blob:image/*', 'identity:*'],
      ...['account:email', 'account:email?action=manage', 'identity:handle'],
      'repo?collection=com.example.a&collection=com.example.b&action=update',
    ]
    const asks = (scope: string) => {
      const of = new ScopePermissionsTransition(scope)
      const collections = ['com.example.a', 'com.example.b', 'com.example.c']
      return [
        ...(['create', 'update', 'delete'] as const).flatMap((action) =>
          collections.map((collection) => of.allowsRepo({ action, collection })),
        ),
        ...['image/png', 'text/plain'].map((mime) => of.allowsBlob({ mime })),
        ...(['handle', '*'] as const).map((attr) => of.allowsIdentity({ attr })),
        ...(['read', 'manage'] as const).map((action) =>
          of.allowsAccount({ attr: 'email', action }),
        ),
        ...['app.bsky.feed.getFeed', 'chat.bsky.convo.getLog'].map((lxm) =>
          of.allowsRpc({ lxm, aud: 'did:web:a.example#x' }),
        ),
      ]
    }
    for (const own of texts)
      for (const wanted of texts) {
        const both = asks(commonScopes([own], [wanted]).join(' '))
        const [a, b] = [asks(own), asks(wanted)]
        expect(both, `${own} and ${wanted}`).toEqual(a.map((allowed, i) => allowed && b[i]))
      }
  })
})
