/** What a member's app may do as a group needs both its token and the member's role, whatever it is. */
import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { expect, it } from 'vitest'
import { permissionsOfBoth } from '#src/gateway/group/role-permissions.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'

const collection = 'com.example.recipe'
const rpc = { lxm: 'com.example.do', aud: 'did:web:api.example#service' } as const

it.each<[kind: string, scope: string, check: (permissions: Permissions) => void]>([
  ['a record', `repo:${collection}`, (one) => one.assertRepo({ action: 'create', collection })],
  ['a blob', 'blob:image/*', (one) => one.assertBlob({ mime: 'image/png' })],
  ['a call', `rpc:${rpc.lxm}?aud=*`, (one) => one.assertRpc(rpc)],
  ['the handle', 'identity:handle', (one) => one.assertIdentity({ attr: 'handle' })],
  [
    'the status',
    'account:status?action=manage',
    (one) => one.assertAccount({ attr: 'status', action: 'manage' }),
  ],
])('%s needs the scope of both', (_, scope, check) => {
  const both = (token: string, role: string) =>
    permissionsOfBoth(
      new ScopePermissionsTransition(`atproto ${token}`),
      new ScopePermissionsTransition(`atproto ${role}`),
    )
  expect(() => check(both(scope, scope))).not.toThrow()
  for (const [token, role] of [
    [scope, ''],
    ['', scope],
  ]) {
    expect(() => check(both(token!, role!))).toThrow(
      expect.objectContaining({ name: 'ScopeMissingError' }),
    )
  }
})
