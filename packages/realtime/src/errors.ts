/** Errors of the server, by the names of its lexicon, and what each means for a connection. */

export interface RealtimeError {
  /** Such as `SessionEnded` or `ScopeMissing`. */
  error: string
  message: string
}

/** An error of a call, a subscription or a channel. */
export class RealtimeFailure extends Error {
  readonly error: string
  /** Of the HTTP response; absent if the error came over the connection. */
  readonly status: number | undefined

  constructor({ error, message }: RealtimeError, status?: number) {
    super(message === '' ? error : message)
    this.name = 'RealtimeFailure'
    this.error = error
    this.status = status
  }
}

const ofTheSession = ['AuthRequired', 'AuthMissing', 'ExpiredToken', 'InvalidToken', 'SessionEnded']
const final = ['AccountNotFound', 'AccountTakedown', 'InvalidRequest', 'NotAMember', 'ScopeMissing']

/** Whether a new ticket, and with it a new token, may help. */
export function isOfSession({ error }: RealtimeError): boolean {
  return ofTheSession.includes(error)
}

/** Whether the same connection would be refused again. */
export function isFinal({ error }: RealtimeError): boolean {
  return final.includes(error)
}
