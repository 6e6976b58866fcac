/** How far a check or a takeover is, step by step, for the command line and for those who interrupt it. */

/** In the order in which they happen; `check` is alone. */
export type TakeoverStep =
  | 'check'
  | 'engine'
  | 'lock'
  | 'accounts'
  | 'directory'
  | 'heads'
  | 'sessions'
  | 'invites'
  | 'keys'
  | 'announcing'

export interface TakeoverProgress {
  step: TakeoverStep
  /** `done` of `total` accounts. */
  done?: number
  total?: number
  /** What else has been counted. */
  detail?: string
}

export type Report = (progress: TakeoverProgress) => void
