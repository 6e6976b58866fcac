/** How much RivetKit's TypeScript half says; its native half reads RIVET_LOG_LEVEL. */
import { configureDefaultLogger } from 'rivetkit/log'

/** Sets the least level that is written to standard output. */
export function setRivetKitLog(level: Parameters<typeof configureDefaultLogger>[0]): void {
  configureDefaultLogger(level)
}
