/** What createAccount is asked for, and whether it may be had here. */
import { invalidRequest } from '#src/errors.ts'
import { parseEmail } from '#src/identity/emails.ts'
import { newAccountHandle } from '#src/identity/handles.ts'
import { isRotationKey } from '#src/protocol/plc-operation.ts'

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
export interface WantedAccount {
  handle: string
  email: string
  password: string
  inviteCode?: string
  recoveryKey?: string
}

const longestPassword = 256

/**
 * Checks what can be checked without asking anybody. Throws 400 InvalidRequest, InvalidInviteCode, InvalidHandle,
 * UnsupportedDomain or HandleNotAvailable, in the reference's order.
 */
export function checkInput(
  rules: { service: { handleDomains: readonly string[] }; inviteRequired: boolean },
  input: CreateAccountInput,
): WantedAccount {
  const { email, password, inviteCode, recoveryKey } = input
  if (input.plcOp !== undefined) throw invalidRequest('Unsupported input: "plcOp"')
  if (input.did !== undefined) throw invalidRequest('Unsupported input: "did"')
  if (!password) throw invalidRequest('Password is required')
  if (password.length > longestPassword) {
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
    handle: newAccountHandle(input.handle, rules.service.handleDomains),
    password,
    ...(inviteCode ? { inviteCode } : {}),
    ...(recoveryKey === undefined ? {} : { recoveryKey }),
  }
}
