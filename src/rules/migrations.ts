/** A move of an account between this server and another one, as the account stores it. */

/**
 * In this order. `identity` is two: until there is an operation, the owner is asked for the code that the old server mails (a
 * did:web is changed by its owner), then it is published.
 */
export const migrationSteps = [
  'repo',
  'blobs',
  'preferences',
  'code',
  'identity',
  'activate',
  'deactivate',
  'done',
] as const

export type MigrationStep = (typeof migrationSteps)[number]

export interface MigrationProgress {
  /** The rev of the repo before it was copied. */
  repoRev?: string
  /** Of the repo's CAR file. */
  repoBytes?: number
  /** At the new server, and at the old one. */
  records?: number
  recordsTotal?: number
  blobs?: number
  /** Of this and of `blobs`, as the new server counts them. */
  blobsTotal?: number
  blobBytes?: number
  /** How many blobs the old server did not give, or the new one did not take, and the first of their CIDs. */
  missing?: number
  missingCids?: string[]
  /** False if one of the servers does not store preferences. */
  preferences?: boolean
  /** What the document of a did:web has to name for the new server. */
  wanted?: { signingKey: string; endpoint: string }
  /** The signed PLC operation, as JSON, until it is published. */
  operation?: string
}

export interface Migration {
  /** To or from this server. */
  direction: 'in' | 'out'
  /** The URL of the other server, without a trailing slash. */
  server: string
  step: MigrationStep
  progress: MigrationProgress
  /** Why it stopped: `SignIn` if the other server demands the password again, else a message. */
  error: string | null
  startedAt: number
  updatedAt: number
  /** Whether a gateway is working on it. */
  isRunning: boolean
}

/** Whether it goes on without its owner, as soon as a gateway works on it. */
export function isUnfinished({ step, error, progress }: Migration): boolean {
  const waits = step === 'done' || (step === 'code' && progress.operation === undefined)
  return error === null && !waits
}
