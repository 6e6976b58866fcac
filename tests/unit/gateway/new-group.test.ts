import { describe, expect, it } from 'vitest'
import { newGroup } from '#src/gateway/group/new-group.ts'
import { roleFlags, roleScope } from '#src/gateway/group/role-scopes.ts'

const member = 'did:plc:eddieeditoreddieeditoraa'

describe('a new group', () => {
  const rkey = () => '3abc'

  it('has its creator as owner, its roles, and records with keys', () => {
    const state = newGroup(
      member,
      {
        members: [
          { did: 'did:plc:vera', role: 'poster', kind: 'service' },
          { did: member, role: 'viewer' },
        ],
        roles: [{ name: 'poster', scope: 'repo:*', manage: ['audit', 'members'] }],
        records: [{ collection: 'com.example.thing', value: { n: 1 } }],
      },
      rkey,
    )
    expect(state).toEqual({
      creator: member,
      members: [
        { did: member, role: 'owner', kind: 'person' },
        { did: 'did:plc:vera', role: 'poster', kind: 'service' },
      ],
      roles: [{ name: 'poster', scope: 'atproto repo:*', manage: ['members', 'audit'] }],
      records: [{ collection: 'com.example.thing', rkey: '3abc', value: { n: 1 } }],
    })
  })

  const twice = { collection: 'com.example.thing', rkey: 'a', value: {} }
  const blob = {
    $type: 'blob',
    ref: { $link: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' },
    mimeType: 'image/png',
    size: 1,
  }
  it.each([
    ['an unknown role', { members: [{ did: 'did:plc:vera', role: 'king' }] }, 'UnknownRole'],
    ['a built-in role', { roles: [{ name: 'editor', scope: '', manage: [] }] }, 'InvalidRequest'],
    ['two records of one key', { records: [twice, twice] }, 'InvalidRequest'],
    ['a record with a blob', { records: [{ ...twice, value: { blob } }] }, 'InvalidRequest'],
  ])('is refused with %s', (_, refused, error) => {
    expect(() => newGroup(member, refused, rkey)).toThrow(expect.objectContaining({ error }))
  })

  it.each(['include:com.example.all', 'repo:no nsid', 'repo', 'everything'])(
    'has no role with the scope %s',
    (scope) => {
      expect(() => roleScope(scope)).toThrow(expect.objectContaining({ error: 'InvalidScope' }))
    },
  )

  it('has roles with known flags only', () => {
    expect(roleFlags(['transfer', 'members'])).toEqual(['members', 'transfer'])
    expect(() => roleFlags(['everything'])).toThrow('cannot manage')
  })
})
