/** What a member's app may do as a group: only what both its token and the member's role allow. */
import type { Permissions } from '#src/gateway/xrpc/callers.ts'

export function permissionsOfBoth(token: Permissions, role: Permissions): Permissions {
  const assertBoth = (check: (one: Permissions) => void) => {
    check(token)
    check(role)
  }
  return {
    allowsAccount: (wanted) => token.allowsAccount(wanted) && role.allowsAccount(wanted),
    assertAccount: (wanted) => assertBoth((one) => one.assertAccount(wanted)),
    assertIdentity: (wanted) => assertBoth((one) => one.assertIdentity(wanted)),
    assertBlob: (wanted) => assertBoth((one) => one.assertBlob(wanted)),
    assertRepo: (wanted) => assertBoth((one) => one.assertRepo(wanted)),
    assertRpc: (wanted) => assertBoth((one) => one.assertRpc(wanted)),
  }
}
