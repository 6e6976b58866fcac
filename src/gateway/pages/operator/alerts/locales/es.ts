/** The texts of alerts and checks in Spanish. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const es: AlertTexts = {
  'what.HeadwaterEngineDown': 'Motor',
  'what.HeadwaterEngineRestarts': 'Reinicios del motor',
  'what.HeadwaterStorageDown': 'Almacenamiento',
  'what.HeadwaterStoreLostItsEnd': 'Datos perdidos antes del último inicio',
  'what.HeadwaterDiskLow': 'Espacio libre en disco',
  'what.HeadwaterDiskFullInADay': 'Disco lleno en un día',
  'what.HeadwaterDiskFullInAMonth': 'Disco lleno en un mes',
  'what.HeadwaterLongLog': 'Registro que leerá el próximo inicio',
  'what.HeadwaterSyncsSlow': 'Tiempo de sincronización del disco',
  'what.HeadwaterBackupOld': 'Última copia completa',
  'what.HeadwaterBackupFailed': 'Último intento de copia',
  'what.HeadwaterBackupDrillFailed': 'Último simulacro de restauración',
  'what.HeadwaterArchivesFail': 'Cuentas que no se pudieron archivar',
  'what.HeadwaterArchiveDrillsFail': 'Archivos que no se pudieron restaurar',
  'what.HeadwaterArchivesLate': 'Archivado de todas las cuentas',
  'what.HeadwaterErrors': 'Errores del servidor',
  'what.HeadwaterErrorsOfOtherServices': 'Errores de otros servicios',
  'what.HeadwaterPageErrors': 'Errores de páginas e inicio de sesión',
  'what.HeadwaterOverloaded': 'Retraso del bucle de eventos',
  'what.HeadwaterTooManyAwake': 'Cuentas despiertas',
  'what.HeadwaterAccountsPutToSleep': 'Cuentas dormidas para hacer sitio',
  'what.HeadwaterRateLimited': 'Llamadas limitadas',
  'what.HeadwaterUnhandledRejections': 'Errores no controlados',
  'what.HeadwaterEventsNotSequenced': 'Eventos que aún no están en el firehose',
  'what.HeadwaterUndeliveredEvents': 'Cuentas con eventos sin entregar',
  'what.HeadwaterFirehoseLag': 'Retraso del firehose de este gateway',
  'what.HeadwaterSubscriberLag': 'Retraso de los suscriptores',
  'what.HeadwaterEventsNotTrimmed': 'Evento más antiguo del registro',
  'what.HeadwaterRelayThrottles': 'Cuentas limitadas por relays',
  'what.HeadwaterRelayLimitNear': 'Límites de cuentas de los relays',
  'what.HeadwaterRelayStatus': 'Estado en los relays',
  'what.HeadwaterRelayLag': 'Retraso de los relays',
  'what.HeadwaterWebhooksWait': 'Entregas de webhooks en espera',
  'what.HeadwaterWebhookDisabled': 'Webhooks desactivados',
  'advice.HeadwaterEngineDown':
    'Se reinicia solo en segundos. Si no basta, revisa engine/engine.log en la carpeta de datos, la memoria y el espacio en disco.',
  'advice.HeadwaterEngineRestarts':
    'Revisa el final de engine/engine.log en la carpeta de datos, la memoria (dmesg nombra los procesos terminados por falta de ella) y el espacio en disco.',
  'advice.HeadwaterStorageDown':
    'writable: el disco está lleno, es de solo lectura o falla. blobs: revisa la carpeta o el bucket. accountDb, sequencerDb: revisa el motor.',
  'advice.HeadwaterStoreLostItsEnd':
    'La causa es un corte de corriente con PDS_DURABILITY=process, un disco que confirma las escrituras demasiado pronto o una copia restaurada. Las cuentas vuelven a anunciar su estado a los relays.',
  'advice.HeadwaterDiskLow': 'Libera espacio o amplía el volumen. No hace falta reiniciar.',
  'advice.HeadwaterDiskFullInADay':
    'Libera espacio o amplía el volumen. Las copias antiguas en el mismo disco retienen tablas que el motor ha eliminado.',
  'advice.HeadwaterDiskFullInAMonth':
    'Amplía el volumen a tiempo. Los gráficos de abajo muestran si crecen las cuentas o los eventos.',
  'advice.HeadwaterLongLog':
    'El próximo inicio tarda un segundo más por cada 25 MB. Reinicia el servidor a una hora tranquila.',
  'advice.HeadwaterSyncsSlow':
    'Otra cosa ocupa el disco, el disco falla (mira dmesg) o el volumen de red es demasiado lento.',
  'advice.HeadwaterBackupOld':
    'headwater backup no se ejecutó, o no hasta el final. Revisa el temporizador o la tarea cron.',
  'advice.HeadwaterBackupFailed': 'Haz sitio, o corrige el comando, y ejecútalo de nuevo.',
  'advice.HeadwaterBackupDrillFailed':
    'La copia no se puede restaurar tal como está: haz una nueva y ejecuta headwater backup drill.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed da los motivos. Se vuelven a intentar en la próxima ronda.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed da los motivos. Haz un archivo nuevo con headwater archive create y después headwater archive drill.',
  'advice.HeadwaterArchivesLate':
    'Ningún gateway archiva cuentas, o una ronda tarda más que PDS_ARCHIVE_INTERVAL_HOURS. Consulta el registro.',
  'advice.HeadwaterErrors':
    'El registro tiene una línea de cada uno, con x-request-id. 503 es que el servidor rechaza trabajo; 507 es el disco.',
  'advice.HeadwaterErrorsOfOtherServices':
    'Falla la AppView, un servicio de moderación o el directorio PLC; el registro dice cuál.',
  'advice.HeadwaterPageErrors': 'El registro tiene una línea de cada uno, con x-request-id.',
  'advice.HeadwaterOverloaded':
    'Activa PDS_RATE_LIMITS_ENABLED. Más procesadores solo ayudan con varios procesos.',
  'advice.HeadwaterTooManyAwake':
    'Sube PDS_MAX_AWAKE_ACCOUNTS si hay 1 MB de memoria para cada cuenta adicional. Si falta memoria, bájalo.',
  'advice.HeadwaterAccountsPutToSleep':
    'Hay más cuentas en uso que PDS_MAX_AWAKE_ACCOUNTS. Súbelo si hay memoria.',
  'advice.HeadwaterRateLimited':
    'Para eximir a un cliente, define PDS_RATE_LIMIT_BYPASS_IPS. Si todos los clientes tienen la misma dirección, define PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'Es un error de programación. Comunica la traza del registro. El servidor sigue funcionando.',
  'advice.HeadwaterEventsNotSequenced':
    'Los registros se guardan, pero no llegan a los relays: el motor o el secuenciador no responde. Consulta el registro.',
  'advice.HeadwaterUndeliveredEvents':
    'Normalmente el motor o el secuenciador no responde. Los eventos se entregan más tarde, en orden.',
  'advice.HeadwaterFirehoseLag': 'Reinicia este gateway.',
  'advice.HeadwaterSubscriberLag':
    'Un suscriptor que se retrasa demasiado se desconecta y vuelve a conectarse con su cursor.',
  'advice.HeadwaterEventsNotTrimmed':
    'Es normal si no se escribe nada o si PDS_REPO_BACKFILL_LIMIT_MS es más de un día. Si no, es un error de programación.',
  'advice.HeadwaterRelayThrottles':
    'Un relay limita el número de cuentas de un servidor. Envía a su operador la petición preparada.',
  'advice.HeadwaterRelayLimitNear':
    'Pide un límite mayor antes de alcanzarlo; la petición está preparada.',
  'advice.HeadwaterRelayStatus':
    'Si este servidor está allí sin conexión, revisa el DNS, TLS y el cortafuegos. Si está vetado, pregunta al operador del relay. Si es desconocido, pide un rastreo.',
  'advice.HeadwaterRelayLag':
    'El relay limita los eventos de este servidor, o no está conectado. Pide un rastreo.',
  'advice.HeadwaterWebhooksWait':
    'Un endpoint no responde, o no con 2xx. Las entregas se reintentan durante tres días.',
  'advice.HeadwaterWebhookDisabled':
    'El endpoint respondió 410, o solo con fallos durante cinco días. Arréglalo y actívalo: las entregas siguen donde se detuvieron.',
  noData: 'aún no hay datos',
  ok: 'bien',
  failed: 'con fallos',
  none: 'ninguno',
  no: 'no',
  noAnswer: 'no responde',
  sinceStart: '{n} desde el inicio',
  unusable: 'no disponible: {parts}',
  lastOnes: 'los últimos {time}',
  sizeFree: '{size} libres',
  fullAtThisRate: 'sí, al ritmo de la última hora',
  old: 'de hace {age}',
  noArchives: 'sin archivos',
  late: '{time} de retraso',
  inTime: 'a tiempo',
  noneFailed: 'sin fallos',
  failPerSecond: 'fallan {n} por segundo',
  perSecond: '{n} por segundo',
  ofTotal: '{n} de {total}',
  noneLastHour: 'ninguno en la última hora',
  noCalls: 'sin llamadas',
  nWaiting: '{n} en espera',
  atMost: 'como máximo {n}',
  noSubscribers: 'sin suscriptores',
  slowestOf: '{time} en el más lento de {n}',
  closeTo: 'cerca de {limit} en {relay}',
  statusAt: '{status} en {relay}',
  noRelays: 'no hay relays configurados',
  'check.storage': 'almacenamiento',
  'check.disk': 'disco',
  'check.mail': 'correo',
  'check.plc': 'directorio PLC',
  'check.keys': 'claves',
  'check.relays': 'relays',
  'check.relay': 'relay {relay}',
  seeLog: 'Consulta el registro del servidor.',
  allUsable: 'Todas las partes están disponibles.',
  notUsable: 'No disponible: {parts}',
  isEngineUp:
    '¿Funciona el motor (RIVET_ENDPOINT, si está en otro sitio)? Consulta el registro del servidor.',
  spaceUnknown: 'El espacio libre no se conoce.',
  spaceFree: '{size} libres en el volumen de la carpeta de datos',
  makeRoom: 'Haz sitio o pásate a un volumen mayor.',
  mailsWritten: 'Los correos se escriben en {folder} y no se envían.',
  setMail: 'Define PDS_EMAIL_SMTP_URL y PDS_EMAIL_FROM_ADDRESS.',
  mailAccepted:
    'El servidor de correo acepta el inicio de sesión; headwater mail test envía un correo.',
  mailRefused: 'El servidor de correo lo rechaza: {reason}',
  correctMail: 'Corrige PDS_EMAIL_SMTP_URL.',
  plcAnswers: 'Responde.',
  checkPlcCalls:
    'Revisa el DNS y el cortafuegos para las llamadas desde esta máquina, y PDS_DID_PLC_URL.',
  ownKeys:
    'Son con las que se escribieron los datos; no hay ninguna cuenta did:plc con la que comparar.',
  rotationKeyMissing:
    'El directorio PLC no incluye la clave de rotación de este servidor para {did}.',
  setRotationKey: 'Define el PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX anterior.',
  signingKeyMissing: 'El documento DID de {did} no tiene la clave de firma de la cuenta.',
  keysAgree: 'Son con las que se escribieron los datos, y el directorio PLC coincide para {did}.',
  noRelayAsked: 'No se pide a ningún relay que rastree este servidor.',
  setCrawlers: 'Define PDS_CRAWLERS, por ejemplo como https://bsky.network.',
  checkRelayCalls:
    'Revisa el DNS y el cortafuegos para las llamadas desde esta máquina, y PDS_CRAWLERS.',
  statusThere: 'Estado de este servidor allí: {status}',
  knowsServer: 'Conoce este servidor.',
  behind: '{time} de retraso',
  throttledThere: 'Cuentas limitadas allí: {n}. Lo que escriben no se transmite.',
  limitNear: 'Cuentas: {n}. Puede que el relay no acepte más de {limit}.',
  unreachable: 'No se puede contactar con él: {reason}',
}
