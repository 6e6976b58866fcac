/** What the pages of the operator's console need. */
import type { Variable } from '#src/config/variables.ts'
import type { OperatorPorts } from '#src/gateway/operator/operator-routes.ts'
import type { Samples } from '#src/gateway/operator/samples.ts'
import type { FindOperatorPorts } from '#src/gateway/pages/operator/find-operator.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { RateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'

export interface ConsoleSettings {
  operatorDids: readonly string[]
  /** Every variable, as it was read at the start; without secrets. */
  variables: readonly Variable[]
  samples: Samples
  /** Aborted when the gateway stops: streams end. */
  stopping: AbortSignal
  firehose: { subscribers(): number; lags(): number[] }
}

export interface ConsolePorts extends FindOperatorPorts, ConsoleSettings {
  server: ServerContext
  health: OperatorPorts['health']
  branding: Branding
  rateLimits?: RateLimits | undefined
  bodyTimeoutMs: number
  log: Pick<Log, 'error'>
}
