/** Errors that have a common name, and are told apart by their message. */
import type { ErrorKey } from '#src/gateway/pages/errors/texts.ts'

interface MessageKind {
  pattern: RegExp
  key: ErrorKey
}

/** What a pattern captures is `{text}` in the sentence. */
export const messageKinds: readonly MessageKind[] = [
  { pattern: /^Reserved handle$/, key: 'reservedHandle' },
  { pattern: /^Handle too short$/, key: 'handleTooShort' },
  { pattern: /^Handle too long$/, key: 'handleTooLong' },
  { pattern: /^Invalid characters in handle$/, key: 'handleCharacters' },
  { pattern: /^Handle TLD is invalid or disallowed$/, key: 'handleDomain' },
  { pattern: /^Inappropriate language in handle$/, key: 'handleLanguage' },
  { pattern: /^External handle did not resolve to DID$/, key: 'handleNotLinked' },
  { pattern: /^DID is not properly configured for handle$/, key: 'handleNotLinked' },
  { pattern: /^Another change of the handle is under way/, key: 'handleChanging' },
  { pattern: /^Handle already taken/, key: 'HandleNotAvailable' },
  { pattern: /^Email already taken/, key: 'emailTaken' },
  { pattern: /^This email address is already in use/, key: 'emailTaken' },
  { pattern: /^This email address is not supported/, key: 'emailUnsupported' },
  { pattern: /^account does not have an email address$/, key: 'noEmail' },
  { pattern: /^(Password too long|Invalid password length)/, key: 'passwordTooLong' },
  { pattern: /app password with this name already/, key: 'passwordNameTaken' },
  { pattern: /^Too many app passwords$/, key: 'tooManyPasswords' },
  { pattern: /^There are too many passkeys$/, key: 'tooManyPasskeys' },
  { pattern: /^account not found$/i, key: 'AccountNotFound' },
  { pattern: /^There is no such group here$/, key: 'groupNotFound' },
  { pattern: /^The id of a tenant has /, key: 'tenantId' },
  { pattern: /^Types of records need collections/, key: 'collectionsNeeded' },
  { pattern: /^(An endpoint needs 1 to|At most \d+ collections)/, key: 'tooManyTypes' },
  { pattern: /^Too many codes\./, key: 'tooManyCodes' },
  { pattern: /^cannot disable admin invite codes$/, key: 'adminCodes' },
  { pattern: /^Not an address or a range: (.*)/s, key: 'notAnAddress' },
  { pattern: /must be a URL with https$/, key: 'notHttps' },
  { pattern: /^handlePattern must have/, key: 'wrongPattern' },
  { pattern: /^primaryColor must be like/, key: 'wrongColor' },
  { pattern: /^labelMin is greater than labelMax$/, key: 'labelsSwapped' },
  { pattern: /^A built-in role cannot be/, key: 'builtInRole' },
  { pattern: /^There is no role /, key: 'UnknownRole' },
  { pattern: /^There is no scope (.*)/s, key: 'unknownScope' },
  { pattern: /^The end of the (membership|invitation) is in the past$/, key: 'inThePast' },
  { pattern: /^An invitation lasts for a year at most$/, key: 'yearAtMost' },
  { pattern: /^An owner is made by an offer/, key: 'byOffer' },
  { pattern: /^The membership of an owner has no end$/, key: 'ownersHaveNoEnd' },
  { pattern: /^This must be a date: (.*)/s, key: 'wrongDate' },
  { pattern: /^This must be a number: (.*)/s, key: 'wrongNumber' },
]
