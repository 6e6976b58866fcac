/** What createAccount is asked for, and whether it may be had here. */
import { invalidRequest } from '#src/errors.ts'
import type { HandleRules } from '#src/gateway/workflows/handle-rules.ts'
import { validateNewHandle } from '#src/gateway/workflows/validate-handle.ts'
import { isRotationKey } from '#src/protocol/plc-operation.ts'
import { parseEmail } from '#src/rules/emails.ts'

/** Input of com.atproto.server.createAccount. */
export interface CreateAccountInput {
  handle: string
  email?: string
  password?: string
  inviteCode?: string
  /** A did:key that can overrule the server's in operations of did:plc. */
  recoveryKey?: string
  did?: string
  plcOp?: unknown
}

/** The same, checked and in canonical form. */
export interface NewAccount {
  handle: string
  email: string
  /** Without one the account has no log-in but the tokens it is created with, until it sets one. */
  password?: string
  inviteCode?: string
  recoveryKey?: string
}

const longestPassword = 256

/**
 * Checks what can be checked without asking anybody, for an account with a new DID. Throws 400 InvalidRequest,
 * InvalidInviteCode, InvalidHandle, UnsupportedDomain or HandleNotAvailable, in the reference's order.
 */
export function validateInput(
  rules: { handles: HandleRules; inviteRequired: boolean },
  input: CreateAccountInput,
): NewAccount {
  const terms = validateInputExceptHandle(rules, input)
  return { ...terms, handle: validateNewHandle(input.handle, rules.handles) }
}

/** All of it but the handle. */
export function validateInputExceptHandle(
  rules: { inviteRequired: boolean },
  input: CreateAccountInput,
): Omit<NewAccount, 'handle'> {
  const { email, password, inviteCode, recoveryKey } = input
  if (input.plcOp !== undefined) throw invalidRequest('Unsupported input: "plcOp"')
  if (password !== undefined && password.length > longestPassword) {
    throw invalidRequest(`Password too long. Maximum length is ${longestPassword} characters.`)
  }
  if (rules.inviteRequired && !inviteCode) {
    throw invalidRequest('No invite code provided', 'InvalidInviteCode')
  }
  if (!email) throw invalidRequest('Email is required')
  if (recoveryKey !== undefined && !isRotationKey(recoveryKey)) {
    throw invalidRequest('The recoveryKey is not a did:key')
  }
  return {
    email: parseEmail(email),
    ...(password ? { password } : {}),
    ...(inviteCode ? { inviteCode } : {}),
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  }
}
