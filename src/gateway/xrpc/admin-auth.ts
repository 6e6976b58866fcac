/** Verifies the admin password. */
import { authRequired } from '#src/errors.ts'
import { basicCredentials, parseAuthorization } from '#src/gateway/http/authorization-header.ts'
import type { AdminCaller } from '#src/gateway/xrpc/callers.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'

export interface AdminPassword {
  /** If undefined, admin authentication always fails. */
  adminPassword: string | undefined
}

export function isBasic(header: string | undefined): boolean {
  return parseAuthorization(header)?.scheme === 'basic'
}

/** HTTP Basic with the user `admin`; throws 401. */
export function verifyAdmin(
  { adminPassword }: AdminPassword,
  header: string | undefined,
): AdminCaller {
  const { user, password } = basicCredentials(header) ?? { user: '', password: '' }
  const isAdmin =
    adminPassword !== undefined && user === 'admin' && equalSecrets(password, adminPassword)
  if (!isAdmin) throw authRequired('Authentication Required')
  return { admin: true }
}
