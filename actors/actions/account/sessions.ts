/** The actions by which clients sign in: sessions, passwords, app passwords and mailed codes. */
import { uncountMail } from '#src/account/factors/mail-limit.ts'
import { once } from '#src/account/idempotency-keys.ts'
import {
  createAppPassword,
  listAppPasswords,
  revokeAppPassword,
} from '#src/account/sessions/app-passwords.ts'
import { createClaim, findClaim, useClaim } from '#src/account/sessions/claims.ts'
import {
  confirmEmail,
  requestEmailUpdate,
  requestToken,
  setEmail,
  updateEmail,
} from '#src/account/sessions/emails.ts'
import { endEverySession, endSession, listSessions } from '#src/account/sessions/list-sessions.ts'
import { resetPassword, setPassword } from '#src/account/sessions/passwords.ts'
import {
  createSession,
  deleteSession,
  findSession,
  getSession,
  refreshSession,
} from '#src/account/sessions/sessions.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const sessionsActions = {
  session: {
    ...reads({ getSession, list: listSessions }),
    // A refresh token has one successor, however often it is rotated.
    ...writes({ refreshSession, deleteSession, end: endSession }),
    // A second run would also end the sessions that began in between.
    ...once({ endAll: endEverySession }),
    // Consumes a code, and adds a sign-in to the security log.
    ...once({ createSession }, { createSession: findSession }),
  },
  appPassword: {
    ...reads({ list: listAppPasswords }),
    // The caller makes the password, so a retry recognizes its own.
    ...writes({ create: createAppPassword, revoke: revokeAppPassword }),
  },
  email: {
    // A second mail within 30 s is refused, so the first one would never be sent.
    ...once({ requestToken, requestUpdate: requestEmailUpdate }),
    // Run twice, it allows one mail more.
    ...writes({ uncountMail }),
    ...once({ confirm: confirmEmail, update: updateEmail, set: setEmail }),
  },
  claim: {
    ...reads({ find: findClaim }),
    // The caller makes the token.
    ...writes({ create: createClaim }),
    ...once({ use: useClaim }),
  },
  // A second run would also end the sessions that began in between.
  password: once({ set: setPassword, reset: resetPassword }),
} satisfies Actions
