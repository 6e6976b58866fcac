/** Creates one account as the admin: without a rate limit or an invite code, and with reserved handles. */
import { randomBytes } from 'node:crypto'
import type { ServerClient } from '#src/cli/server-client.ts'

export interface NewAccount {
  handle: string
  email?: string
  password?: string
  inviteCode?: string
  recoveryKey?: string
}

export interface CreatedAccount {
  did: string
  handle: string
  email?: string
  /** Only if it was generated. */
  password?: string
}

export async function createAccount(
  server: ServerClient,
  account: NewAccount,
): Promise<CreatedAccount> {
  const { email, password = newPassword() } = account
  const { did, handle } = await server.post<{ did: string; handle: string }>(
    'com.atproto.server.createAccount',
    { ...account, password },
  )
  return {
    ...{ did, handle, ...(email !== undefined && { email }) },
    ...(account.password === undefined && { password }),
  }
}

export function newPassword(): string {
  return randomBytes(18).toString('base64url')
}
