/** Invite codes: whether they are required, and on what schedule accounts get codes to give away. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface InviteConfig {
  required: boolean
  /** An account gets one code per interval; undefined for none. */
  intervalMs: number | undefined
  /** Start of the schedule, in milliseconds since 1970. */
  epochMs: number
}

const TEN_YEARS_MS = 3650 * 24 * 60 * 60 * 1000

export function readInvites(read: EnvironmentReader, isProduction: boolean): InviteConfig {
  return {
    required: read.flag('PDS_INVITE_REQUIRED') ?? isProduction,
    intervalMs: read.integer('PDS_INVITE_INTERVAL', 1, TEN_YEARS_MS),
    epochMs: read.integer('PDS_INVITE_EPOCH', 0, 1e15 - 1) ?? 0,
  }
}
