/** The input of createAccount, validated against the rules of this server. */
import { invalidRequest } from '#src/errors.ts'
import type { HandleRules } from '#src/gateway/identity/handle-rules.ts'
import { validateNewHandle } from '#src/gateway/identity/validate-handle.ts'
import { isRotationKey } from '#src/protocol/plc-operation.ts'
import { parseAddress, parseEmail } from '#src/rules/emails.ts'
import { claimedTenant } from '#src/rules/invite-codes.ts'

export interface CreateAccountInput {
  handle: string
  email?: string
  password?: string
  inviteCode?: string
  /** A did:key placed before the server's among the rotation keys of the did:plc. */
  recoveryKey?: string
  did?: string
  plcOp?: unknown
}

export interface NewAccount {
  handle: string
  /** As typed: messages repeat it. Only the admin may leave it out. */
  email?: string
  /** If absent, the tokens of createAccount are the only session until a password is set. */
  password?: string
  inviteCode?: string
  recoveryKey?: string
}

interface InputRules {
  inviteRequired: boolean
  /** The admin needs no invite code and no email address, and may use reserved handles and disposable addresses. */
  byAdmin?: boolean
  /** A group needs neither: an account of this server creates it, and its members sign in as themselves. */
  isGroup?: boolean
}

const MAX_PASSWORD_LENGTH = 256

/**
 * Validates the input for an account with a new DID, as far as no other actor or server is needed. Throws 400
 * InvalidRequest, InvalidInviteCode, InvalidHandle, UnsupportedDomain or HandleNotAvailable, in the reference's order.
 */
export function validateInput(
  rules: InputRules & { handles: HandleRules },
  input: CreateAccountInput,
): NewAccount {
  const account = validateInputExceptHandle(rules, input)
  const { byAdmin: allowAnyValid = false, handles } = rules
  // Whether the code is that tenant's is checked with the code.
  const tenant = account.inviteCode === undefined ? undefined : claimedTenant(account.inviteCode)
  const handle = validateNewHandle(input.handle, handles, { allowAnyValid, tenant })
  return { ...account, handle }
}

export function validateInputExceptHandle(
  { inviteRequired, byAdmin = false, isGroup = false }: InputRules,
  input: Omit<CreateAccountInput, 'handle'>,
): Omit<NewAccount, 'handle'> {
  const { email, password, inviteCode, recoveryKey } = input
  if (input.plcOp !== undefined) throw invalidRequest('Unsupported input: "plcOp"')
  if (password !== undefined && password.length > MAX_PASSWORD_LENGTH) {
    throw invalidRequest(`Password too long. Maximum length is ${MAX_PASSWORD_LENGTH} characters.`)
  }
  if (inviteRequired && !byAdmin && !isGroup && !inviteCode) {
    throw invalidRequest('No invite code provided', 'InvalidInviteCode')
  }
  if (!email && !byAdmin && !isGroup) throw invalidRequest('Email is required')
  if (recoveryKey !== undefined && !isRotationKey(recoveryKey)) {
    throw invalidRequest('The recoveryKey is not a did:key')
  }
  if (email) (byAdmin ? parseAddress : parseEmail)(email)
  return {
    ...(email ? { email } : {}),
    ...(password ? { password } : {}),
    ...(inviteCode ? { inviteCode } : {}),
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  }
}
