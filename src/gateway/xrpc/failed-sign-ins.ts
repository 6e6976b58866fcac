/**
 * Failed sign-ins, counted by address. Sign-ins are limited by name and address already; this limits a caller who tries
 * many names, or the passwords of many accounts. Those that succeed do not count, so an office behind one address can
 * sign in.
 */
import { XrpcError } from '#src/errors.ts'
import { isInRanges, networkOf } from '#src/gateway/http/client-address.ts'
import { Attempts } from '#src/gateway/xrpc/attempts.ts'
import { leasedPoints } from '#src/gateway/xrpc/leased-points.ts'
import type { Leases } from '#src/gateway/xrpc/leases.ts'
import { failedSignInLimit } from '#src/gateway/xrpc/rate-limit-policy.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface FailedSignIns {
  /**
   * Runs `signIn`, and counts it if it fails with 401, or with an error that `isWrong` says is one. Throws 429
   * RateLimitExceeded instead if too many from this address have failed. Without an address nothing is counted.
   */
  watch<T>(
    address: string | undefined,
    signIn: () => Promise<T>,
    isWrong?: (error: unknown) => boolean,
  ): Promise<T>
}

/** For a server without rate limits. */
export const uncountedSignIns: FailedSignIns = { watch: (_, signIn) => signIn() }

export function failedSignIns(ports: {
  leases: Pick<Leases, 'take' | 'giveBack'>
  clock: Clock
  bypassIps: readonly string[]
  onRefused(limit: string): void
}): FailedSignIns {
  const { leases, clock, onRefused } = ports
  const isExempt = isInRanges(ports.bypassIps)
  const attempts = new Attempts()
  return {
    async watch(address, signIn, isWrong = isUnauthorized) {
      if (address === undefined || isExempt(address)) return signIn()
      const network = networkOf(address)
      const now = () => clock.now()
      const points = leasedPoints(leases, failedSignInLimit, network, { onRefused, now })
      return attempts.run(network, points, signIn, isWrong)
    },
  }
}

/** A missing second factor is not a failure: the password was right. */
function isUnauthorized(error: unknown): boolean {
  return (
    error instanceof XrpcError && error.status === 401 && error.error !== 'AuthFactorTokenRequired'
  )
}
