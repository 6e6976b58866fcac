/** Exits with 0 if the server in this container is healthy, else with 1: the health check of the Dockerfile. */
const { PDS_ROLE, PDS_METRICS_PORT, PDS_PORT, PORT, RIVET_PORT } = process.env
const isActors = PDS_ROLE === 'actors'
// Without PDS_METRICS_PORT a process with actors has no port. Its own watchdogs end it if it cannot work.
if (isActors && !PDS_METRICS_PORT) process.exit(0)
const port = isActors ? PDS_METRICS_PORT : PDS_PORT || PORT || RIVET_PORT || '2583'
const healthy = await fetch(`http://localhost:${port}/xrpc/_health`, {
  signal: AbortSignal.timeout(8_000),
}).then(
  ({ ok }) => ok,
  () => false,
)
process.exit(healthy ? 0 : 1)
