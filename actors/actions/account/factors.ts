/** The actions of second factors and of the account pages. */
import { createPageCode, createRecoveryCodes } from '#src/account/factors/codes.ts'
import {
  beginEmailFactor,
  confirmEmailFactor,
  removeEmailFactor,
} from '#src/account/factors/email.ts'
import { getFactorOverview } from '#src/account/factors/overview.ts'
import {
  beginPasskeyAssertion,
  beginPasskeyRegistration,
  finishPasskeyRegistration,
  removePasskey,
} from '#src/account/factors/passkeys.ts'
import {
  removeFactors,
  requestEmailCode,
  requiredFactors,
} from '#src/account/factors/second-step.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/account/factors/totp.ts'
import { once } from '#src/account/idempotency-keys.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import {
  checkPageSession,
  endPageSession,
  finishSecondStep,
  getPendingStep,
  passSecondStep,
  requestStepCode,
  signIn,
  signInWithPasskey,
} from '#src/account/sessions/page-sessions.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const factorsActions = {
  factors: {
    ...reads({
      required: requiredFactors,
      overview: getFactorOverview,
      events: listSecurityEvents,
      // Challenges are signed, not stored.
      beginPasskeyRegistration,
      beginPasskeyAssertion,
    }),
    ...writes({
      // A passkey has a unique id, so a retry finds its own.
      finishPasskeyRegistration,
      removePasskey,
      // An enrolment that was begun recently keeps its secret.
      beginTotp,
      removeTotp,
      removeEmail: removeEmailFactor,
      // A new code replaces the previous one, and only the returned one is shown.
      createPageCode,
    }),
    ...once({
      confirmTotp,
      confirmEmail: confirmEmailFactor,
      createRecoveryCodes,
      // A repetition within 30 s gets no code, and the first one would never be mailed.
      beginEmail: beginEmailFactor,
      requestCode: requestEmailCode,
      // Returns what was removed.
      removeAll: removeFactors,
    }),
  },
  page: {
    ...reads({ getPendingStep, check: checkPageSession }),
    // The caller makes the session's token, so a retry recognizes its session.
    ...writes({
      signIn,
      finishSecondStep,
      signInWithPasskey,
      end: endPageSession,
    }),
    ...once({ passSecondStep, requestStepCode }),
  },
} satisfies Actions
