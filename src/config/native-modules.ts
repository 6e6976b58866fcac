/** Variables of native modules, which read them when they are loaded. */
import type { Config } from '#src/config/config.ts'

// Log filter for RivetKit's native module: errors, except those logged each time an actor sleeps ("failed to sync
// scheduled actor alarm"), and except SQL errors, which are thrown to the caller anyway.
const quietNative = 'error,rivetkit_core::actor::schedule=off,rivetkit_core::actor::sqlite=off'

/**
 * Pages of 4 KiB that each actor keeps of its database: a repo of 60,000 records. With half as many, createRecord is a
 * seventh slower at 50,000 records; the engine's client would keep 50,000 pages, which are 200 MB.
 */
const CACHED_PAGES = 8_192

/**
 * Sets the variables that native modules read when they are loaded: backtraces cost the engine's client most of its
 * time, and its log is for developers of the engine. Must be called before rivetkit is imported.
 */
export function configureNativeModules(config: Config): void {
  const settings = {
    RUST_BACKTRACE: '0',
    RUST_LIB_BACKTRACE: '0',
    RIVET_LOG_LEVEL: config.log.rivetkit ?? quietNative,
    RIVETKIT_SQLITE_OPT_VFS_PAGE_CACHE_CAPACITY_PAGES: String(CACHED_PAGES),
  }
  Object.assign(process.env, settings)
}
