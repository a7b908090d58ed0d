"""The interface in Spanish: English → Spanish. {} stands for what is filled in, in the same order."""

TEXTS = {
    # Panels and their buttons
    "Live Mocap": "Captura en vivo",
    "Figures": "Cifras",
    "Recording": "Grabación",
    "Preview": "Vista previa",
    "Bones": "Huesos",
    "People": "Personas",
    "Takes": "Tomas",
    "Export": "Exportar",
    "Settings": "Ajustes",
    "Worker": "Proceso de captura",
    "Character": "Personaje",
    "Characters": "Personajes",
    "The armature to drive": "El esqueleto que se mueve",
    "Further characters, each driven by a person of its own": "Otros personajes, cada uno movido por su propia persona",
    "Add Default Character": "Añadir personaje incluido",
    "Add the character that comes with the add-on, and drive it": "Añade el personaje que trae la extensión y lo mueve",
    "Add Character": "Añadir personaje",
    "Let another character be driven, by the next person: the selected armature, or one to be chosen": (
        "Mueve otro personaje con la siguiente persona: el esqueleto seleccionado, o uno por elegir"
    ),
    "Remove Character": "Quitar personaje",
    "Drive this character no longer. It stays as it is, with its takes": (
        "Deja de mover este personaje. Se queda como está, con sus tomas"
    ),
    "There are no further characters": "No hay más personajes",
    "In the picture: {}": "En la imagen: {}",
    "nobody": "nadie",
    "{} is driven by the person above already.": "{} ya lo mueve la persona de arriba.",
    "Person": "Persona",
    "Who of the people in the picture drives this character": "Qué persona de la imagen mueve este personaje",
    "Who of the people in the picture drives the character. The first to be seen is number 0": (
        "Qué persona de la imagen mueve el personaje. La primera que se vio es la número 0"
    ),
    "How many people the worker follows at once": "A cuántas personas se sigue a la vez",
    "Connect": "Conectar",
    "Listen for poses, from a worker that runs already or any other sender": (
        "Escucha poses de un proceso de captura en marcha o de cualquier otro emisor"
    ),
    "Disconnect": "Desconectar",
    "Stop listening, and end the worker if Blender started it": (
        "Deja de escuchar y termina el proceso de captura si lo inició Blender"
    ),
    "Start Capture": "Iniciar captura",
    "Have the worker film the source; it is started if it does not run": (
        "El proceso de captura filma la fuente; se inicia si no está en marcha"
    ),
    "Stop Capture": "Detener captura",
    "Have the worker let go of the source": "El proceso de captura suelta la fuente",
    "Restart to Apply Changes": "Reiniciar para aplicar los cambios",
    "Start Again": "Iniciar de nuevo",
    "Recentre": "Recentrar",
    "Put the character back where it stood when the capture began, facing as it did": (
        "Devuelve el personaje a donde estaba al empezar la captura, mirando como entonces"
    ),
    "Calibrate": "Calibrar",
    "After a countdown, two seconds of standing tell your height and bone lengths, the floor, which way is up and where "
    "you face. Press again to cancel": (
        "Tras una cuenta atrás, dos segundos de pie dan tu estatura y el largo de tus huesos, el suelo, la vertical y "
        "hacia dónde miras. Pulsa otra vez para cancelar"
    ),
    "Forget Calibration": "Olvidar la calibración",
    "Go on from what is estimated as you move": "Sigue con lo que se estima mientras te mueves",
    "Calibrated: {} tall": "Calibrado: {} de estatura",
    "{} m": "{} m",
    "Record": "Grabar",
    "Record a take from the playhead on. Its key in the 3D view is Ctrl Alt R": (
        "Graba una toma desde el cursor de reproducción. Su tecla en la vista 3D es Ctrl Alt R"
    ),
    "Stop Recording": "Detener grabación",
    "End the take and make its final Action": "Termina la toma y hace su acción definitiva",
    "Record or Stop": "Grabar o detener",
    "Begin a take, or end the one that is recorded, or its countdown": (
        "Empieza una toma, o termina la que se graba, o su cuenta atrás"
    ),
    "Recording in {} …": "Se graba en {} …",
    "{} is made: {} frames.": "{} está hecha: {} fotogramas.",
    "Load Take": "Cargar toma",
    "Make an Action of a take, for the character and from the playhead on": (
        "Hace una acción de una toma, para el personaje y desde el cursor de reproducción"
    ),
    "Look for a take's file, and make an Action of it for the character, from the playhead on": (
        "Busca el archivo de una toma y hace de él una acción, para el personaje y desde el cursor de reproducción"
    ),
    "Remove Take": "Quitar toma",
    "Delete the take's Action from the character, and from others that play the same take, and put back what was before "
    "it. The recorded file stays": (
        "Borra la acción de la toma del personaje, y de otros que reproducen la misma toma, y devuelve lo que había "
        "antes. El archivo grabado se conserva"
    ),
    "Cancel": "Cancelar",
    "Connected already": "Ya hay conexión",
    "Port {} is in use; listening at {}.": "El puerto {} está ocupado; se escucha en el {}.",
    "Not connected": "No hay conexión",
    "Choose a source first": "Elige antes una fuente",
    "Nothing is captured": "No se captura nada",
    "Leave the current mode first": "Sal antes del modo actual",
    "Nothing is being recorded": "No se está grabando nada",
    "Start the capture first": "Inicia antes la captura",
    "Start the capture first.": "Inicia antes la captura.",
    "Start a capture first": "Inicia antes una captura",
    "Stop recording first": "Detén antes la grabación",
    "Stop recording first.": "Detén antes la grabación.",
    "Stop recording first: a take goes on from where it began": (
        "Detén antes la grabación: una toma sigue desde donde empezó"
    ),
    "Stop recording first: a take goes on from where it began.": (
        "Detén antes la grabación: una toma sigue desde donde empezó."
    ),
    "Stop recording first: a take has one calibration": "Detén antes la grabación: una toma tiene una calibración",
    "Stop recording first: a take has one calibration.": "Detén antes la grabación: una toma tiene una calibración.",
    "Nothing is calibrated": "No hay calibración",
    "Recording already": "Ya se está grabando",
    "Wait until the last take is solved": "Espera a que se resuelva la última toma",
    "Wait until the last take is solved.": "Espera a que se resuelva la última toma.",
    "Wait until the export is done": "Espera a que termine la exportación",
    "Wait until the export is done.": "Espera a que termine la exportación.",
    "The character plays no take": "El personaje no reproduce ninguna toma",
    "Record or load a take first": "Graba o carga antes una toma",
    "Choose a character first": "Elige antes un personaje",
    "Choose a character first.": "Elige antes un personaje.",
    # States and figures
    "Off": "Apagado",
    "Listening": "Escuchando",
    "Waiting for the worker": "Esperando al proceso de captura",
    "Worker is ready": "El proceso de captura está listo",
    "Loading": "Cargando",
    "Capturing": "Capturando",
    "Capturing, nobody in view": "Capturando, nadie a la vista",
    "Nobody in view": "Nadie a la vista",
    "Camera lost": "Se perdió la cámara",
    "The source has ended": "La fuente ha terminado",
    "Error": "Error",
    "About to record": "A punto de grabar",
    "Solving the take": "Resolviendo la toma",
    "Solving the take: {}": "Resolviendo la toma: {}",
    "{} ms late": "{} ms tarde",
    "holding": "quietas",
    "Poses": "Poses",
    "{} a second": "{} por segundo",
    "Latency": "Latencia",
    "Latency, ms": "Latencia, ms",
    "{} ms, p95 {} ms": "{} ms, p95 {} ms",
    "Packets": "Paquetes",
    "{} lost, {} late, {} bad": "{} perd., {} tarde, {} mal",
    "Recorded": "Grabado",
    "{} packets": "{} paquetes",
    "In the worker": "En el proceso",
    "On the way": "En camino",
    "In Blender": "En Blender",
    "Grab to pose": "De imagen a pose",
    "From the frame's grab until the bones are posed; drawing it comes on top.": (
        "Desde que se toma la imagen hasta que los huesos están en su pose; dibujarlo viene después."
    ),
    "Of it the model": "De ello, el modelo",
    "How well each limb is seen": "Qué bien se ve cada parte",
    "{} on {}": "{} en {}",
    "not known yet": "aún no se sabe",
    # Sources and machine
    "Source": "Fuente",
    "What is captured": "Qué se captura",
    "A camera's number, a video file, or a URL (rtsp, http, udp)": (
        "El número de una cámara, un vídeo o una URL (rtsp, http, udp)"
    ),
    "A video file, or a URL (rtsp, http, udp)": "Un vídeo o una URL (rtsp, http, udp)",
    "The URL, hidden for its password": "La URL, oculta por su contraseña",
    "Camera": "Cámara",
    "A camera at the worker's machine": "Una cámara en el equipo del proceso de captura",
    "The camera's number": "El número de la cámara",
    "File or URL": "Archivo o URL",
    "A video, or a stream (rtsp, http, udp)": "Un vídeo o una emisión (rtsp, http, udp)",
    "Test Motion": "Mov. de prueba",
    "Somebody who moves without a camera and without a worker, to try things out": (
        "Alguien que se mueve sin cámara ni proceso de captura, para probar"
    ),
    "Take": "Toma",
    "Play a take again, as if it were captured now; needs no worker": (
        "Reproduce una toma como si se capturara ahora; no necesita proceso de captura"
    ),
    "The take to play": "La toma que se reproduce",
    "Loop": "En bucle",
    "Play it again and again": "La repite una y otra vez",
    "Play the take again and again": "Repite la toma una y otra vez",
    "Replay Take": "Reproducir toma",
    "Play a take in real time as if it were captured now; it can be recorded again": (
        "Reproduce una toma en tiempo real como si se capturara ahora; se puede volver a grabar"
    ),
    "{} is no take; a file that ends with {} was expected.": (
        "{} no es una toma; se esperaba un archivo que termine en {}."
    ),
    "Model": "Modelo",
    "Built-in": "Incluido",
    "A ViTPose model's name or its config file; empty for the one that ships": (
        "El nombre de un modelo ViTPose o su archivo de configuración; vacío para el incluido"
    ),
    "Device": "Dispositivo",
    "What the model runs on": "En qué se ejecuta el modelo",
    "Auto": "Automático",
    "The GPU if there is one, else the processor": "La GPU si la hay; si no, el procesador",
    "The processor": "El procesador",
    "An NVIDIA GPU": "Una GPU de NVIDIA",
    "Metal": "Metal",
    "An Apple GPU": "Una GPU de Apple",
    "Folder for takes; empty for the data folder's": "Carpeta de las tomas; vacío para la de los datos",
    "The program `mocap`; empty to look for it": "El programa `mocap`; vacío para buscarlo",
    "Worker's Address": "Dirección del proceso",
    "Address": "Dirección",
    "HOST:PORT of the worker; another machine needs the key": (
        "EQUIPO:PUERTO del proceso de captura; otro equipo necesita la clave"
    ),
    "Key": "Clave",
    "Shared with a worker on another machine": "Compartida con un proceso de captura en otro equipo",
    "These are kept in {}": "Se guardan en {}",
    "Port": "Puerto",
    "UDP port that poses come in at. A free one is taken where it is in use, or for 0": (
        "Puerto UDP por el que llegan las poses. Si está ocupado, o es 0, se toma uno libre"
    ),
    "Level": "Nivel",
    "How the camera's tilt is handled": "Qué se hace con la inclinación de la cámara",
    "Find the camera's tilt and turn it out, so that the character stands upright": (
        "Halla la inclinación de la cámara y la compensa, para que el personaje esté derecho"
    ),
    "The camera is level": "La cámara está nivelada",
    "Mirror": "Espejo",
    "The character moves as your mirror image": "El personaje se mueve como tu imagen en un espejo",
    "Smoothness": "Suavidad",
    "How much shaking is smoothed out: 0 is raw, 1 is heavy. A finished take is smoothed without lag": (
        "Cuánto temblor se suaviza: 0 es nada, 1 es mucho. Una toma terminada se suaviza sin retraso"
    ),
    "Legs": "Piernas",
    "Whether hips and legs follow, or hold as they are for somebody who sits": (
        "Si caderas y piernas siguen, o se quedan como están para alguien sentado"
    ),
    "They follow, and hold while the legs are out of the picture": (
        "Siguen, y se quedan quietas mientras las piernas no se ven"
    ),
    "Follow": "Seguir",
    "They always follow": "Siguen siempre",
    "Hold": "Quietas",
    "They hold as they are; the upper body follows": "Se quedan como están; el torso sigue",
    # Preview
    "Show what the camera sees and whom the model sees in it, in a corner of the 3D view. The picture stays on this "
    "computer and is kept nowhere": (
        "Muestra lo que ve la cámara y a quién ve el modelo, en una esquina de la vista 3D. La imagen se queda en este "
        "equipo y no se guarda"
    ),
    "Small": "Pequeña",
    "Medium": "Mediana",
    "Large": "Grande",
    "Top Left": "Arriba a la izquierda",
    "Top Right": "Arriba a la derecha",
    "Bottom Left": "Abajo a la izquierda",
    "Bottom Right": "Abajo a la derecha",
    "200 pixels wide": "200 píxeles de ancho",
    "320 pixels wide": "320 píxeles de ancho",
    "480 pixels wide": "480 píxeles de ancho",
    "Size": "Tamaño",
    "How large the preview is": "El tamaño de la vista previa",
    "Corner": "Esquina",
    "Where the preview is": "Dónde está la vista previa",
    "Ghost": "Fantasma",
    "Draw the joints that come in over the character, before they are smoothed": (
        "Dibuja sobre el personaje las articulaciones que llegan, antes de suavizarlas"
    ),
    "There is no camera: the skeleton is shown alone.": "No hay cámara: se muestra solo el esqueleto.",
    "The worker is another machine: its pictures stay there, the skeleton is shown alone.": (
        "El proceso está en otro equipo: sus imágenes se quedan allí, se muestra solo el esqueleto."
    ),
    "The worker gives no picture: the skeleton is shown alone.": (
        "El proceso no da imagen: se muestra solo el esqueleto."
    ),
    "There is no picture: {}.": "No hay imagen: {}.",
    # Recording
    "Silent while it is captured": "En silencio mientras se captura",
    "Pose Back": "Recuperar la pose",
    "Give the characters the pose that they had before the last recording. Where an Action moves them, it does so again "
    "with the next frame": (
        "Da a los personajes la pose que tenían antes de la última grabación. Donde los mueve una acción, lo vuelve a "
        "hacer con el siguiente fotograma"
    ),
    "Fit Range": "Ajustar el rango",
    "Let the scene's frame range be that of the take which the character plays": (
        "El rango de fotogramas de la escena pasa a ser el de la toma que reproduce el personaje"
    ),
    "Nothing was recorded yet": "Aún no se ha grabado nada",
    "The character that was recorded is gone.": "El personaje que se grabó ya no está.",
    "Offset (ms)": "Desfase (ms)",
    "Parts that Follow": "Partes que siguen",
    "Countdown": "Cuenta atrás",
    "Seconds between Record and the take's beginning": "Segundos entre Grabar y el comienzo de la toma",
    "Length": "Duración",
    "Stop by itself after so many seconds; 0 goes on until Stop": (
        "Se detiene sola tras estos segundos; con 0 sigue hasta Detener"
    ),
    "Hands-Free": "Manos libres",
    "Hold both hands above your head for a second to begin a take, and again to end it. Raising them is not part of the "
    "take": (
        "Mantén un segundo las dos manos sobre la cabeza para empezar una toma, y otra vez para terminarla. Levantarlas "
        "no es parte de la toma"
    ),
    "Play the Timeline": "Con reproducción",
    "Play from the playhead while recording, in time with the sound. Keys land on the frame that was to be seen and heard "
    "when the camera saw you. The take ends where the timeline does": (
        "Reproduce desde el cursor mientras se graba, al ritmo del sonido. Las claves caen en el fotograma que se veía y "
        "oía cuando la cámara te vio. La toma acaba donde la línea de tiempo"
    ),
    "Offset": "Desfase",
    "Keys land so much later, or earlier if negative: for what a camera or loudspeakers delay and nobody can measure": (
        "Las claves caen tanto más tarde, o antes si es negativo: por lo que retrasan cámara o altavoces y nadie puede "
        "medir"
    ),
    "Parts": "Partes",
    "The parts of the body that follow; the rest keeps what the character plays. Shift-click for more": (
        "Las partes del cuerpo que siguen; el resto conserva lo que reproduce el personaje. Mayús y clic para varias"
    ),
    "Becomes": "Se convierte en",
    "What a take is to the character. A take of some parts goes on a track in any case": (
        "Qué es una toma para el personaje. Una toma de algunas partes va siempre a una pista"
    ),
    "Action": "Acción",
    "The character plays the take's Action; the one before is kept in the file": (
        "El personaje reproduce la acción de la toma; la anterior se conserva en el archivo"
    ),
    "NLA Track": "Pista de NLA",
    "The take lies on a track of its own, over what the character played": (
        "La toma está en una pista propia, sobre lo que reproducía el personaje"
    ),
    "Upper": "Superior",
    "Spine, arms and head": "Columna, brazos y cabeza",
    "Both legs": "Las dos piernas",
    "Arms": "Brazos",
    "Shoulders, arms and hands": "Hombros, brazos y manos",
    "Head": "Cabeza",
    "Left arm": "Brazo izquierdo",
    "Right arm": "Brazo derecho",
    "Left leg": "Pierna izquierda",
    "Right leg": "Pierna derecha",
    "Neck and head": "Cuello y cabeza",
    "Root": "Raíz",
    "Where the hips are and how they are turned": "Dónde están las caderas y cómo están giradas",
    # Takes
    "Ready": "Lista",
    "It is being recorded": "Se está grabando",
    "Unfinished": "Sin terminar",
    "Blender or the computer stopped while it was recorded; what came is there": (
        "Blender o el equipo se detuvo mientras se grababa; lo que llegó está ahí"
    ),
    "Reading": "Leyendo",
    "Its figures are being read": "Se están leyendo sus cifras",
    "Unreadable": "Ilegible",
    "It cannot be read": "No se puede leer",
    "File": "Archivo",
    "The take's file": "El archivo de la toma",
    "Name": "Nombre",
    "Double-click to rename the take's file": "Doble clic para cambiar el nombre del archivo de la toma",
    "Star": "Estrella",
    "Mark the take as a good one": "Marca la toma como buena",
    "Created": "Creada",
    "Frames": "Fotogramas",
    "Lost": "Perdidos",
    "Packets that never came": "Paquetes que nunca llegaron",
    "Unseen": "Sin nadie",
    "Frames that show nobody": "Fotogramas en los que no hay nadie",
    "Damaged": "Dañadas",
    "Lines of the file that cannot be read": "Líneas del archivo que no se pueden leer",
    "The chosen take": "La toma elegida",
    "Delete Take": "Borrar toma",
    "Delete the take's file and what belongs to it from the disk. Actions that were made of it stay. This cannot be undone": (
        "Borra del disco el archivo de la toma y lo que le pertenece. Las acciones hechas de ella se quedan. No se puede "
        "deshacer"
    ),
    "Recover": "Recuperar",
    "Keep what was recorded before Blender or the computer stopped, and make an Action of it for the character, if one is "
    "chosen, where it was recorded on the timeline": (
        "Conserva lo grabado antes de que Blender o el equipo se detuviera, y hace de ello una acción para el personaje, "
        "si hay uno elegido, donde se grabó en la línea de tiempo"
    ),
    "Open Folder": "Abrir carpeta",
    "Show the takes' folder in the file browser of the system": "Muestra la carpeta de las tomas en el sistema",
    "Deleted {}": "{} se ha borrado",
    "Recovered {}": "{} se ha recuperado",
    "The take's file; empty for the chosen one": "El archivo de la toma; vacío para la elegida",
    "Choose a take first": "Elige antes una toma",
    "Choose a take first.": "Elige antes una toma.",
    "Wait until the last take is made": "Espera a que la última toma esté hecha",
    "Wait until the take is made.": "Espera a que la toma esté hecha.",
    "Wait for the take that is being made.": "Espera a la toma que se está haciendo.",
    "{} is gone already.": "{} ya no está.",
    "{} was ended as it should be.": "{} terminó como debía.",
    "The folder {} cannot be made: {}.": "No se puede crear la carpeta {}: {}.",
    "{} was cut off. What came is kept.": "{} se cortó. Lo que llegó se conserva.",
    "{}, {} frames": "{}, {} fotogramas",
    "{} lost": "{} perdidos",
    "{} with nobody": "{} sin nadie",
    "{} damaged": "{} dañadas",
    "Drop-outs": "Ausencias",
    "none": "ninguna",
    "Received": "Recibidos",
    "Late": "Tarde",
    "Reordered": "Reordenados",
    "Bad": "Dañados",
    "ViTPose-B, classic head": "ViTPose-B, cabeza clásica",
    "ViTPose-B, three sets": "ViTPose-B, tres conjuntos",
    "and {} more": "y {} más",
    "Plays {}": "Reproduce {}",
    # Setting the worker up
    "Set Up Worker": "Instalar el proceso",
    "Set Up Worker…": "Instalar el proceso…",
    "Repair Worker": "Reparar el proceso",
    "Go On…": "Continuar…",
    "Set Up…": "Instalar…",
    "Repair…": "Reparar…",
    "Remove…": "Quitar…",
    "Remove": "Quitar",
    "Make the worker's Python environment anew, for one that does not run. Asks first; models and takes stay": (
        "Crea otra vez el entorno de Python del proceso de captura, si no funciona. Pregunta antes; modelos y tomas se "
        "quedan"
    ),
    "Make the worker's own Python environment in your data folder, beside Blender. Asks before it downloads; goes on in "
    "the background, and when Blender is closed": (
        "Crea el entorno de Python del proceso de captura en tu carpeta de datos, junto a Blender. Pregunta antes de "
        "descargar; sigue en segundo plano y con Blender cerrado"
    ),
    "End the set-up. What has been fetched stays, and the next one goes on from there": (
        "Termina la instalación. Lo descargado se queda, y la próxima sigue desde ahí"
    ),
    "Dismiss": "Descartar",
    "Take this message away": "Quita este mensaje",
    "Open Log": "Abrir el registro",
    "What the set-up said, line by line": "Lo que dijo la instalación, línea por línea",
    "Check Worker": "Comprobar el proceso",
    "Have the worker look what it has and what is missing: Python, PyTorch, GPU, model, cameras, ports": (
        "El proceso mira qué tiene y qué falta: Python, PyTorch, GPU, modelo, cámaras, puertos"
    ),
    "Remove Worker": "Quitar el proceso",
    "Remove the worker?": "¿Quitar el proceso de captura?",
    "Delete the worker's environment. Takes, models and settings stay": (
        "Borra el entorno del proceso de captura. Las tomas, los modelos y los ajustes se quedan"
    ),
    "Copy Command": "Copiar la orden",
    "Copy Command for a Terminal": "Copiar la orden para un terminal",
    "Copy what starts the worker in a terminal; Start Capture then joins it": (
        "Copia lo que inicia el proceso en un terminal; Iniciar captura se une luego a él"
    ),
    "Open Preferences": "Abrir las preferencias",
    "Show Blender's setting Allow Online Access, in the preferences under System": (
        "Muestra el ajuste de Blender Permitir acceso en línea, en las preferencias, en Sistema"
    ),
    "Switch on Allow Online Access in Blender's preferences, under System": (
        "Activa Permitir acceso en línea en las preferencias de Blender, en Sistema"
    ),
    "Blender may not go online. {}.": "Blender no puede conectarse a internet. {}.",
    "As the machine has it: CUDA for NVIDIA, ROCm for AMD, else the processor": (
        "Lo que tenga el equipo: CUDA para NVIDIA, ROCm para AMD; si no, el procesador"
    ),
    "The processor alone: the smallest download": "Solo el procesador: la descarga más pequeña",
    "For an NVIDIA GPU": "Para una GPU de NVIDIA",
    "For an AMD GPU, on Linux": "Para una GPU de AMD, en Linux",
    "Plain": "Normal",
    "As the package index has it, where PyTorch's own cannot be reached": (
        "Como lo tenga el índice de paquetes, donde no se llega al de PyTorch"
    ),
    "The worker is removed.": "El proceso de captura se ha quitado.",
    "The command is copied: paste it into a terminal.": "La orden está copiada: pégala en un terminal.",
    "What the model will run on": "En qué se ejecutará el modelo",
    "Fetches about {} of PyTorch and other packages, less where some are here already, and takes about {} of the {} that "
    "are free.": (
        "Descarga unos {} de PyTorch y otros paquetes, menos si algunos ya están, y ocupa unos {} de los {} libres."
    ),
    "Everything goes into {}.": "Todo va a {}.",
    "It goes on while you work, and when Blender is closed.": "Sigue mientras trabajas y con Blender cerrado.",
    "Nothing is being set up": "No se está instalando nada",
    "Open Worker's Log": "Abrir el registro del proceso",
    "What the worker said since it was last started from here, line by line": (
        "Lo que dijo el proceso de captura desde que se inició aquí por última vez, línea a línea"
    ),
    "There is no message, or what it says is still so": "No hay mensaje, o lo que dice sigue siendo así",
    "There is no log yet": "Aún no hay registro",
    "It is being looked at": "Se está mirando",
    "Disconnect first: the worker runs": "Desconecta antes: el proceso está en marcha",
    "The set-up runs already": "La instalación ya está en marcha",
    "The set-up runs already.": "La instalación ya está en marcha.",
    "Cancel the set-up first.": "Cancela antes la instalación.",
    "Cancel the download first.": "Cancela antes la descarga.",
    "Download": "Descargar",
    "This machine: {}.": "Este equipo: {}.",
    "uv, which does it, is fetched from its makers first: {}.": "Antes se descarga uv, que lo hace, de sus autores: {}.",
    "About {} are needed in {}; {} are free.": "Hacen falta unos {} en {}; hay {} libres.",
    "The set-up failed: {}": "La instalación falló: {}",
    "{} of {}": "{} de {}",
    "There, with the key in the variable MOCAP_KEY:": "Allí, con la clave en la variable MOCAP_KEY:",
    "Setting up the worker": "Instalando el proceso de captura",
    "The add-on brings a newer worker than the one that is set up.": (
        "La extensión trae un proceso de captura más nuevo que el instalado."
    ),
    "It films you and finds your joints, in a Python of its own beside Blender.": (
        "Te filma y halla tus articulaciones, en un Python propio junto a Blender."
    ),
    "macOS may keep the camera from what Blender starts. Then start the worker in Terminal.": (
        "macOS puede negar la cámara a lo que inicia Blender. Entonces inicia el proceso en Terminal."
    ),
    "A worker on another machine needs a key: the same here and there.": (
        "Un proceso en otro equipo necesita una clave: la misma aquí y allí."
    ),
    "Test Motion and takes play without it.": "El movimiento de prueba y las tomas se reproducen sin él.",
    "The worker is not set up yet": "El proceso de captura aún no está instalado",
    "The worker is not set up yet: press Set Up Worker.": (
        "El proceso de captura aún no está instalado: pulsa Instalar el proceso."
    ),
    "The set-up was cancelled. It goes on from where it was.": "La instalación se canceló. Sigue desde donde estaba.",
    "The set-up was cut off. It goes on from where it was.": "La instalación se cortó. Sigue desde donde estaba.",
    "On this machine": "En este equipo",
    "Looking …": "Mirando …",
    "On another machine. Start Capture connects to it.": "En otro equipo. Iniciar captura se conecta a él.",
    "version {}": "versión {}",
    "Looking up the worker": "Buscando el proceso",
    "Looking up {} …": "Buscando {} …",
    "The host {} is not known. Check the name and the network, or give its address in numbers.": (
        "El equipo {} no se conoce. Comprueba el nombre y la red, o da su dirección en números."
    ),
    "{} is another machine, and needs a shared key: the same here and there.": (
        "{} es otro equipo y necesita una clave compartida: la misma aquí y allí."
    ),
    "It has not answered yet.": "Aún no ha respondido.",
    "It answers: {}.": "Responde: {}.",
    "The worker does not start: {}.": "El proceso no se inicia: {}.",
    "The worker {} does not start: {}.": "El proceso {} no se inicia: {}.",
    "The worker {} does not start: {}. Repair it under Worker.": "El proceso {} no se inicia: {}. Repáralo en Proceso de captura.",
    "{} cannot be deleted: {}.": "{} no se puede borrar: {}.",
    # Bones
    "Find Bones": "Buscar huesos",
    "Find which bone of the character is which part of the body, by names, else by shape": (
        "Halla qué hueso del personaje es qué parte del cuerpo, por los nombres o por la forma"
    ),
    "Load Bone Map": "Cargar mapa de huesos",
    "Read the character's bone map from a file": "Lee de un archivo el mapa de huesos del personaje",
    "Save Bone Map": "Guardar mapa de huesos",
    "Write the character's bone map to a file": "Escribe en un archivo el mapa de huesos del personaje",
    "Saved {}": "{} se ha guardado",
    "{}: {} bones.": "{}: {} huesos.",
    "No {}: {}.": "Falta {}: {}.",
    "Bone": "Hueso",
    "The bone that is this part of the body": "El hueso que es esta parte del cuerpo",
    # Presets
    "Studio Presets": "Preajustes del estudio",
    "Add or Remove Studio Preset": "Añadir o quitar un preajuste del estudio",
    "Keep how this scene is captured, recorded and exported, for other files too": "Conserva cómo se captura, graba y exporta esta escena, también para otros archivos",
    # Export
    "Export Take": "Exportar toma",
    "Export…": "Exportar…",
    "Export {} Takes…": "Exportar {} tomas…",
    "Write the character and its takes to files, one a take": (
        "Escribe el personaje y sus tomas en archivos, uno por toma"
    ),
    "Export this take. Where none is ticked, what the character plays is exported": (
        "Exporta esta toma. Si no hay ninguna marcada, se exporta lo que reproduce el personaje"
    ),
    "Names of Actions; none for what the character plays": (
        "Nombres de acciones; ninguno para lo que reproduce el personaje"
    ),
    "Format": "Formato",
    "The kind of file": "La clase de archivo",
    "Character and motion in one file, .glb, for the web, Godot and most other programs": (
        "Personaje y movimiento en un archivo, .glb, para la web, Godot y casi todos los programas"
    ),
    "glTF and Its Data": "glTF y sus datos",
    "As glTF, but as text, .gltf, with numbers and pictures in files beside it": (
        "Como glTF, pero en texto, .gltf, con los números y las imágenes en archivos aparte"
    ),
    "Character and motion, for Unreal, Unity and Maya": "Personaje y movimiento, para Unreal, Unity y Maya",
    "The skeleton's motion alone, Y up, in metres": "Solo el movimiento del esqueleto, Y hacia arriba, en metros",
    "The joints' places in the world as a table, Z up, in metres": (
        "Los lugares de las articulaciones en el mundo como tabla, Z hacia arriba, en metros"
    ),
    "The joints' places and rotations in the world as arrays, Z up, in metres": (
        "Los lugares y giros de las articulaciones en el mundo como matrices, Z hacia arriba, en metros"
    ),
    "For": "Para",
    "The program that the FBX is for: its axes, units and names": (
        "El programa para el que es el FBX: sus ejes, unidades y nombres"
    ),
    "For Blender and Maya: objects keep their scale and are turned to Y up": (
        "Para Blender y Maya: los objetos conservan su escala y se giran a Y hacia arriba"
    ),
    "Centimetres and Z up in the data itself; the armature's object makes no bone, or the root bone where it carries the "
    "root motion": (
        "Centímetros y Z hacia arriba en los propios datos; el objeto del esqueleto no hace un hueso, o hace el hueso "
        "raíz si lleva el movimiento de la raíz"
    ),
    "Metres and Y up in the data itself, so that objects have scale 1 and no rotation": (
        "Metros e Y hacia arriba en los propios datos, para que los objetos tengan escala 1 y ningún giro"
    ),
    "Rate": "Frecuencia",
    "Rate (Scene's)": "FPS (escena)",
    "Frames a second of the file; 0 for the scene's": "Fotogramas por segundo del archivo; 0 para los de la escena",
    "Root Motion": "Mov. de raíz",
    "What carries the way over the floor": "Qué lleva el camino por el suelo",
    "The hips carry the way over the floor, as they are keyed": (
        "Las caderas llevan el camino por el suelo, como en las claves"
    ),
    "Object": "Objeto",
    "The armature's object walks and turns; the hips stay above it. For glTF and FBX": (
        "El objeto del esqueleto anda y gira; las caderas se quedan sobre él. Para glTF y FBX"
    ),
    "Deform Bones Only": "Solo deformantes",
    "Leave out the bones that move no mesh, such as a rig's controls": (
        "Deja fuera los huesos que no mueven ninguna malla, como los controles"
    ),
    "Names": "Nombres",
    "A file's name, in which {character}, {take}, {fps}, {preset} and {file} are filled in": (
        "El nombre de un archivo, en el que se ponen {character}, {take}, {fps}, {preset} y {file}"
    ),
    "No take on the character": "El personaje no tiene ninguna toma",
    "What plays: {}": "Lo que se reproduce: {}",
    "{} files into this folder": "{} archivos en esta carpeta",
    "Exported {}": "Exportado {}",
    "Exported {} takes to {}": "Se exportaron {} tomas a {}",
    "Preparing the motion": "Preparando el movimiento",
    "Writing the file": "Escribiendo el archivo",
    "Blender writes the file": "Blender escribe el archivo",
    "Escape cancels": "Esc cancela",
    "The export was cancelled.": "Se canceló la exportación.",
    "The export ended, because something was undone.": "La exportación terminó porque se deshizo algo.",
    "The export ended, because another file was opened.": "La exportación terminó porque se abrió otro archivo.",
    "The export ended, because its window was closed.": "La exportación terminó porque se cerró su ventana.",
    "The character or its take was removed; the export ended.": (
        "Se eliminó el personaje o su toma; la exportación terminó."
    ),
    "{} was changed meanwhile; nothing was exported.": "{} cambió entretanto; no se exportó nada.",
    "Choose a file to export to.": "Elige un archivo al que exportar.",
    "{} is a folder; choose a file to export to.": "{} es una carpeta; elige un archivo al que exportar.",
    "{} cannot be written: {}.": "{} no se puede escribir: {}.",
    "{} is being edited. Leave Edit Mode first.": "{} se está editando. Sal antes del modo Edición.",
    "{} is scaled unevenly or mirrored, which engines cannot have: apply its scale.": (
        "{} tiene una escala desigual o reflejada, que los motores no admiten: aplica su escala."
    ),
    "There is no take {}.": "No hay ninguna toma {}.",
    "More than one take would be named {}: put {take} into the names, or rename one of them.": (
        "Más de una toma se llamaría {}: pon {take} en los nombres o cambia el nombre de una."
    ),
    # What goes wrong
    "Stand still: {}": "Quédate quieto: {}",
    "Calibration waits for somebody in the picture": "La calibración espera a alguien en la imagen",
    "Stand straight, whole in the picture: {}": "Ponte derecho, entero en la imagen: {}",
    "Calibration saw nobody. Start the capture, and stand in the picture.": (
        "La calibración no vio a nadie. Inicia la captura y ponte en la imagen."
    ),
    "The worker ended: {}": "El proceso terminó: {}",
    "The worker no longer answers.": "El proceso ya no responde.",
    "The worker at {}:{} does not answer. Is it started there, with the same key?": (
        "El proceso en {}:{} no responde. ¿Está iniciado allí, con la misma clave?"
    ),
    "The worker does not answer yet. It says: {}": "El proceso aún no responde. Dice: {}",
    "{} is gone. Choose a character, or undo.": "{} ya no está. Elige un personaje o deshaz.",
    "{} is gone from {}; the rest goes on.": "{} ya no está en {}; lo demás sigue.",
    "{} is gone. The take is kept; load {} for another character.": (
        "{} ya no está. La toma se conserva; carga {} para otro personaje."
    ),
    "Connect or start the capture first.": "Conecta o inicia antes la captura.",
    "There is nobody yet whose character could be put back.": "Aún no hay nadie cuyo personaje se pueda recentrar.",
    "The scene is gone. The take is kept as {}.": "La escena ya no está. La toma se conserva como {}.",
    "The take is empty: nobody was seen while recording.": "La toma está vacía: no se vio a nadie mientras se grababa.",
    "The capture ended, because another file was loaded.": "La captura terminó porque se cargó otro archivo.",
    "{} The take so far is kept as {}.": "{} Lo grabado se conserva como {}.",
    "Recording stopped: cannot write to {}: {}. The {} packets before are kept.": (
        "La grabación se detuvo: no se puede escribir en {}: {}. Los {} paquetes anteriores se conservan."
    ),
    "Cannot read the take {}: {}.": "No se puede leer la toma {}: {}.",
    "Cannot write the take {}: {}.": "No se puede escribir la toma {}: {}.",
    "There is a take {} already.": "Ya hay una toma {}.",
    "Cannot rename {}: {}.": "No se puede cambiar el nombre de {}: {}.",
    "Cannot delete {}: {}.": "No se puede borrar {}: {}.",
    # Models
    "Models": "Modelos",
    "Download Model": "Descargar modelo",
    "Download its weights into your data folder and check them. Goes on from what there is, in the background, and when Blender is closed": "Descarga sus pesos a tu carpeta de datos y los comprueba. Sigue desde lo que haya, en segundo plano y con Blender cerrado",
    "Cancel Download": "Cancelar descarga",
    "End the download. What has come stays, and the next one goes on from there": "Termina la descarga. Lo que llegó se queda, y la próxima sigue desde ahí",
    "Delete Model": "Borrar modelo",
    "Delete its downloaded weights, or what has come of them": "Borra sus pesos descargados, o lo que haya llegado de ellos",
    "Use": "Usar",
    "Use {}": "Usar {}",
    "Choose this model for captures": "Elige este modelo para las capturas",
    "The built-in model learnt from drawn people and is weak on real ones. {} is not.": "El modelo incluido aprendió de personas dibujadas y es flojo con las reales. {} no.",
    "{} would have to be downloaded again.": "{} se tendría que descargar otra vez.",
    "AP is COCO val2017's, as published, and of drawn people the built-in model's own, so these two do not compare. Right is within a fifth of the torso's length. fps is what one person took here when last used.": "AP es el de COCO val2017, como se publicó, y con personas dibujadas el propio del modelo incluido: no se pueden comparar. Bien es a menos de un quinto del largo del torso. fps es lo que costó aquí una persona la última vez.",
    "Download {}, {}": "Descargar {}, {}",
    "Set up the worker first: it downloads models": "Instala antes el proceso de captura: él descarga los modelos",
    "Delete {}?": "¿Borrar {}?",
    "Delete": "Borrar",
    "Models lie on the worker's machine; there, `mocap models` fetches them.": "Los modelos están en el equipo del proceso; allí los descarga `mocap models`.",
    "{} AP of drawn people": "{} AP con personas dibujadas",
    "{}% of the joints right on a clip of a real person": "{} % de las articulaciones bien en un vídeo de una persona real",
    "Begun; the download goes on from there.": "Empezada; la descarga sigue desde ahí.",
    "{} is being downloaded already.": "{} ya se está descargando.",
    "Starting": "Empezando",
    "{} fps on {}": "{} fps en {}",
    "The download does not start: {}.": "La descarga no empieza: {}.",
    # Cameras
    "Find Cameras": "Buscar cámaras",
    "Have the worker look which cameras its computer has; Blender goes on meanwhile": "El proceso mira qué cámaras tiene su equipo; Blender sigue mientras tanto",
    "Connect first: the worker is on another machine": "Conecta antes: el proceso está en otro equipo",
    "Looking for cameras…": "Buscando cámaras…",
    "The worker did not answer when it was asked for cameras.": "El proceso no respondió al preguntarle por las cámaras.",
    "The worker could not tell which cameras there are. Check it with `mocap devices`.": "El proceso no supo qué cámaras hay. Compruébalo con `mocap devices`.",
    "No camera was found. Plug one in and look again.": "No se encontró ninguna cámara. Conecta una y busca otra vez.",
    "Camera {}": "Cámara {}",
    "What the camera is asked for; one that lacks it gives its nearest and says so": "Lo que se pide a la cámara; la que no lo tenga da lo más parecido y lo dice",
    "Pictures a second": "Imágenes por segundo",
    "Have the camera compress: most cameras give their larger sizes at a full rate only so": "La cámara comprime: casi todas dan sus tamaños grandes a plena frecuencia solo así",
    "Rotation": "Giro",
    "Turn the picture clockwise, for a camera that stands on its side or hangs": "Gira la imagen a la derecha, para una cámara de lado o colgada",
    "Mirror Picture": "Reflejar la imagen",
    "Change left and right, for a camera that gives a mirror image": "Cambia izquierda y derecha, para una cámara que da una imagen reflejada",
    "The camera by its name": "La cámara por su nombre",
    "Camera's Own": "La de la cámara",
    "30 a second": "30 por segundo",
    "60 a second": "60 por segundo",
    # Working on takes
    "Start": "Inicio",
    "Where in the take it begins to be used": "Desde dónde se usa la toma",
    "End": "Fin",
    "Where in the take it ends to be used": "Hasta dónde se usa la toma",
    "Frame": "Fotograma",
    "Where on the timeline the take's first picture lies when it is solved again": "Dónde queda en la línea de tiempo la primera imagen de la toma al resolverla de nuevo",
    "Solve Again": "Resolver de nuevo",
    "Make the take's Action anew for the character, with the settings as they are now: smoothness, legs, pinned feet, parts, keys. It replaces the one that was made of the take for this character": "Hace de nuevo la acción de la toma para el personaje, con los ajustes de ahora: suavidad, piernas, pies sujetos, partes, claves. Reemplaza la que se hizo de la toma para este personaje",
    "Angle": "Ángulo",
    "Start (s)": "Inicio (s)",
    "End (s)": "Fin (s)",
    "Angle (°)": "Ángulo (°)",
    "Distance": "Distancia",
    "Distance (mm)": "Distancia (mm)",
    "By how much the rotation of a bone may be off at any frame, degrees": "Cuánto puede desviarse el giro de un hueso en cualquier fotograma, en grados",
    "By how much a place may be off at any frame, millimetres": "Cuánto puede desviarse un lugar en cualquier fotograma, en milímetros",
    "Fewer Keys": "Menos claves",
    "Write only the keys that are needed for every frame to stay within the error": "Escribe solo las claves que hacen falta para que cada fotograma quede dentro del error",
    "Pin Feet": "Sujetar los pies",
    "Feet that stand still are held where they are": "Los pies que están quietos se quedan donde están",
    "Record Take": "Grabar toma",
    # More of what goes wrong
    "Blender's glTF add-on is off; enable “glTF 2.0 format” in the preferences.": "La extensión glTF de Blender está apagada; activa «glTF 2.0 format» en las preferencias.",
    "Blender's {} add-on is off; enable “{}” in the preferences.": "La extensión {} de Blender está apagada; activa «{}» en las preferencias.",
    "The character cannot be imported: {}": "El personaje no se puede importar: {}",
    "The name {} cannot be filled in: {}. There are {}.": "El nombre {} no se puede completar: {}. Hay {}.",
    "The settings cannot be kept in {}: {}.": "Los ajustes no se pueden guardar en {}: {}.",
    "The bone map “{}” is another rig's: {} has none of its bones, such as {}.": "El mapa de huesos «{}» es de otro esqueleto: {} no tiene ninguno de sus huesos, como {}.",
    "{} has no {}, which the map names.": "{} no tiene {}, que nombra el mapa.",
    "Person {} was not seen while recording; {}. The take is kept as {}; choose another person and load it.": "La persona {} no se vio al grabar; {}. La toma se conserva como {}; elige otra persona y cárgala.",
    "The capture ended by an error: {}.": "La captura terminó por un error: {}.",
    "Check the worker's address {} and the key in the preferences: {}.": "Comprueba la dirección del proceso {} y la clave en las preferencias: {}.",
    "This add-on carries no worker: build its zip with `mocap addon build`, and install that.": "Esta extensión no trae el proceso de captura: haz su zip con `mocap addon build` e instálalo.",
    "Calibration saw you clearly in {} of {} frames and needs {}. Stand so that your whole body is in the picture.": "La calibración te vio bien en {} de {} imágenes y necesita {}. Ponte de modo que se vea todo tu cuerpo.",
    "Calibration did not see your hips, knees, ankles and shoulders. Stand so that your whole body is in the picture.": "La calibración no vio tus caderas, rodillas, tobillos y hombros. Ponte de modo que se vea todo tu cuerpo.",
    "Calibration did not see you stand upright with straight legs. Stand with your feet below your hips, whole in the picture, and calibrate again.": "La calibración no te vio de pie con las piernas rectas. Ponte con los pies bajo las caderas, entero en la imagen, y calibra otra vez.",
    "You moved by {} m while calibrating. Stand still for {} seconds.": "Te moviste {} m al calibrar. Quédate quieto {} segundos.",
    "Reading {}.": "Leyendo {}.",
    "Playing {}.": "Reproduciendo {}.",
    "{} holds no poses.": "{} no tiene poses.",
    "{} has ended.": "{} ha terminado.",
    "{} is no take: its first line is neither a take's header nor a pose packet.": "{} no es una toma: su primera línea no es ni una cabecera de toma ni un paquete de pose.",
    "{} is a take of version {}, newer than this extension. Update the extension.": "{} es una toma de la versión {}, más nueva que esta extensión. Actualiza la extensión.",
    "{} is mirrored by a negative scale, so left is on the right: apply its scale.": "{} está reflejado por una escala negativa, así que la izquierda está a la derecha: aplica su escala.",
    "{} is scaled unevenly, so its limbs point elsewhere: apply its scale.": "{} tiene una escala desigual, así que sus miembros apuntan a otra parte: aplica su escala.",
    "{} is shown in rest position: choose Pose Position in its armature's properties.": "{} se muestra en reposo: elige Posición de pose en las propiedades de su esqueleto.",
    "the back bends in fewer places": "la espalda se dobla en menos sitios",
    "the head turns alone": "la cabeza gira sola",
    "shoulders do not rise": "los hombros no suben",
    "hands stay in line with the forearms": "las manos siguen a los antebrazos",
    "feet stay at right angles to the shins": "los pies quedan en ángulo recto con las piernas",
    "feet stay flat": "los pies quedan planos",
    "needed: without it nothing moves": "necesario: sin él no se mueve nada",
    # Videos of takes
    "Video": "Vídeo",
    "The camera's video was kept": "El vídeo de la cámara se guardó",
    "Keep Video": "Guardar el vídeo",
    "The worker keeps the camera's pictures beside the take, to look at and to refine it. A worker on another machine does not": "El proceso de captura guarda las imágenes de la cámara junto a la toma, para verlas y refinarla. Uno en otra máquina no lo hace",
    "Show Video": "Mostrar vídeo",
    "Show the take's video behind the character, in step with the take on the timeline": "Muestra el vídeo de la toma detrás del personaje, al paso de la toma en la línea de tiempo",
    "Refine": "Refinar",
    "Make a new take of the take's video, beside Blender: the largest model that was fetched, the flip test, smoothing without lag. Cancelled, it goes on where it was when it is pressed again": "Hace una toma nueva del vídeo de la toma, al lado de Blender: el mayor modelo descargado, la prueba del espejo, suavizado sin retraso. Cancelado, sigue donde estaba al pulsarlo otra vez",
    "Stop refining; what was found so far is kept": "Deja de refinar; lo encontrado hasta ahora se guarda",
    "Looking": "Mirando",
    "Smoothing": "Suavizando",
    "Lifting": "Pasando a 3D",
    "Made {}.": "Hecha: {}.",
    "A take is being refined": "Se está refinando una toma",
    "Nothing is being refined": "No se está refinando nada",
    "Refining ended: {}": "El refinado terminó: {}",
    "No video was kept with {}.": "Con {} no se guardó ningún vídeo.",
    "No video was kept with {}: record with Keep Video.": "Con {} no se guardó ningún vídeo: graba con Guardar el vídeo.",
    "{} is there already: delete or rename it to refine again.": "{} ya existe: bórrala o cámbiale el nombre para refinar otra vez.",
    "There is no camera whose video could be kept.": "No hay cámara cuyo vídeo se pueda guardar.",
    "The worker is another machine: it keeps no video.": "El proceso de captura está en otra máquina: no guarda vídeo.",
    "The worker keeps no video of this take; its log says more, if it is up to date.": "El proceso de captura no guarda vídeo de esta toma; su registro dice más, si está actualizado.",
    "The worker films no longer, the video ends early: it was restarted, or its log says why.": "El proceso de captura ya no filma y el vídeo acaba antes: se reinició, o su registro dice por qué.",
    "Blender cannot read {}: {}.": "Blender no puede leer {}: {}.",
    "{} holds no pictures.": "{} no contiene imágenes.",
    "{} does not say when it was captured.": "{} no dice cuándo se capturó.",
    "{} is empty.": "{} está vacía.",
    # Chains and overrides
    "Chains": "Cadenas",
    "Mark Chain": "Marcar cadena",
    "Let the selected bones, from the first to the last of a chain, follow something in a take: a tail, an arm from its "
    "clavicle, an arm of a prop": (
        "Haz que los huesos seleccionados, del primero al último de una cadena, sigan algo en una toma: una cola, un brazo "
        "desde la clavícula, el brazo de un objeto"
    ),
    "Remove Chain": "Quitar cadena",
    "Let these bones follow nothing. What is keyed of them stays in the take": (
        "Estos huesos ya no siguen nada. Sus claves se quedan en la toma"
    ),
    "Solve Chains": "Resolver cadenas",
    "Let the chains follow their targets over the whole take, and key it there. The worker's program solves it; Escape "
    "cancels": (
        "Haz que las cadenas sigan sus objetivos en toda la toma y guarda las claves en ella. Lo resuelve el programa del "
        "proceso de captura; Esc cancela"
    ),
    "Bones that follow something in a take": "Huesos que siguen algo en una toma",
    "There are no chains": "No hay cadenas",
    "{}: {} (Escape cancels)": "{}: {} (Escape cancela)",
    "Mark a chain first": "Marca antes una cadena",
    "Load or record a take first": "Carga o graba antes una toma",
    "Select the chain's first and last bone of {} in pose mode.": "Selecciona en modo Pose el primer y el último hueso de la cadena de {}.",
    "Least squares within the joints' limits, by the library ikpy. The slowest": "Mínimos cuadrados dentro de los límites de las articulaciones, con la biblioteca ikpy. El más lento",
    "Damped": "Amortiguado",
    "Damped least squares within the joints' limits; the smoothest, and fast": "Mínimos cuadrados amortiguados dentro de los límites de las articulaciones; el más suave, y rápido",
    "Closed Form": "Forma cerrada",
    "Two halves with one elbow, as for an arm. The fastest": "Dos mitades con un codo, como un brazo. El más rápido",
    "Armature": "Esqueleto",
    "Whose bones these are": "De quién son estos huesos",
    "From": "Desde",
    "The first bone of the chain": "El primer hueso de la cadena",
    "To": "Hasta",
    "The last bone of the chain; its end follows the target": (
        "El último hueso de la cadena; su extremo sigue el objetivo"
    ),
    "Target": "Objetivo",
    "What the chain follows: an object, or a joint of an armature": (
        "Lo que sigue la cadena: un objeto, o una articulación de un esqueleto"
    ),
    "Joint": "Articulación",
    "The bone at whose head the joint is; none for the object's origin": (
        "El hueso en cuya cabeza está la articulación; ninguno para el origen del objeto"
    ),
    "Solver": "Método",
    "How the chain is solved": "Cómo se resuelve la cadena",
    "ikpy": "ikpy",
    "Solved {} chain; at most {} cm from the target": "{} cadena resuelta; como mucho a {} cm del objetivo",
    "Solved {} chains; at most {} cm from the target": "{} cadenas resueltas; como mucho a {} cm del objetivo",
    "Reading the take: {} (Escape cancels)": "Leyendo la toma: {} (Esc cancela)",
    "Solving chains: {} (Escape cancels)": "Resolviendo cadenas: {} (Esc cancela)",
    "Writing chains: {} (Escape cancels)": "Escribiendo cadenas: {} (Esc cancela)",
    "The chains were not solved: {}": "Las cadenas no se resolvieron: {}",
    "The armature of the chain {} is gone. Remove the chain, or choose another.": (
        "El esqueleto de la cadena {} ya no está. Quita la cadena o elige otro."
    ),
    "{} has no bone “{}” for the chain {}. Choose another.": "{} no tiene el hueso “{}” para la cadena {}. Elige otro.",
    "{} does not hang from {}, so they are no chain. Choose other bones.": (
        "{} no cuelga de {}, así que no son una cadena. Elige otros huesos."
    ),
    "The chain {} has nothing to follow. Choose its target.": "La cadena {} no tiene nada que seguir. Elige su objetivo.",
    "{} has no joint “{}”. Choose another.": "{} no tiene la articulación “{}”. Elige otra.",
    "{} moves with the chain {}, which cannot follow it.": "{} se mueve con la cadena {}, que no puede seguirlo.",
    "The chain {} cannot follow its own armature. Choose a joint of it.": (
        "La cadena {} no puede seguir su propio esqueleto. Elige una articulación de él."
    ),
    "The bones of the chain {} have no length.": "Los huesos de la cadena {} no tienen longitud.",
    "{} is gone; nothing was changed.": "{} ya no está; no se cambió nada.",
    "{} plays no take for the chain {}. Load one first.": "{} no reproduce ninguna toma para la cadena {}. Carga antes una.",
    "{} is repeated, reversed or timed by keys on the NLA tracks of {}. Let it lie there once, as it was recorded, to solve chains.": (
        "{} se repite, va al revés o tiene claves de tiempo en las pistas de NLA de {}. Para resolver cadenas, déjala allí "
        "una sola vez, tal como se grabó."
    ),
    "Make Override": "Hacer anulación",
    "The character is linked from another file. Drive an override of it, which can be posed": (
        "El personaje está vinculado desde otro archivo. Mueve una anulación suya, que se puede posar"
    ),
    "The character is not linked": "El personaje no está vinculado",
    "{} is an override of the character in {}": "{} es una anulación del personaje de {}",
    "{} is linked from {}, so it cannot be posed here. Make an override: there is a button for it below the character.": (
        "{} está vinculado desde {}, así que no se puede posar aquí. Haz una anulación: hay un botón para eso bajo el "
        "personaje."
    ),
    "Solved {}; at most {} cm from the target": "{} resuelto; a {} cm del objetivo como mucho",
    "The take {} is gone; nothing was written.": "La toma {} ya no está; no se escribió nada.",
    "Blender makes no override of {}. Link its collection (File ▸ Link), and choose the armature in that.": "Blender no hace una redefinición de {}. Vincula su colección (Archivo ▸ Vincular) y elige el esqueleto en ella.",
    "Installed": "Instalado",
    "Cannot read {}: {}.": "No se puede leer {}: {}.",
    "Cannot note anything about {}: {}.": "No se puede anotar nada de {}: {}.",
    "Nothing comes in": "No llega nada",
    "of it the model": "de ello, el modelo",
    "New Key": "Clave nueva",
    "Make a key for a worker on another machine, and copy it for that one": "Hace una clave para un proceso en otro equipo y la copia para él",
    "The key is copied: give it to the worker, in the variable MOCAP_KEY.": "La clave está copiada: dásela al proceso, en la variable MOCAP_KEY.",
    "What has not changed is here already; the rest is fetched, usually a few megabytes.": "Lo que no ha cambiado ya está aquí; el resto se descarga, casi siempre unos pocos megabytes.",
    "Update Worker": "Actualizar el proceso",
    "Bring the worker to the version that the add-on carries, at once: what has changed is downloaded, for the same PyTorch as before. Goes on in the background, and when Blender is closed": "Lleva el proceso a la versión que trae la extensión, enseguida: descarga lo que ha cambiado, para el mismo PyTorch que antes. Sigue en segundo plano y con Blender cerrado",
    "The worker is the one that the add-on carries": "El proceso es el que trae la extensión",
    "There is no worker to update: set it up.": "No hay proceso que actualizar: instálalo.",
    "Downloads what has changed.": "Descarga lo que ha cambiado.",
    "Everything that it needs is here already: hardly anything is downloaded.": "Todo lo que necesita ya está aquí: casi no se descarga nada.",
    "Downloads what is new: {}.": "Descarga lo nuevo: {}.",
    "Downloads about {}: {}.": "Descarga unos {}: {}.",
    "Look for Another": "Buscar otro",
    "No longer ask for the program that the preferences name": "Ya no pide el programa que nombran las preferencias",
    "The worker {}, which the preferences name, is not there.": "El proceso {}, que nombran las preferencias, no está.",
    # What the set-up does, and chains
    "Making the environment": "Creando el entorno",
    "Asking what is needed": "Viendo qué hace falta",
    "Trying the worker": "Probando el proceso",
    "Fetching uv": "Descargando uv",
    "Downloading": "Descargando",
    "Installing": "Instalando",
    "an NVIDIA GPU was found, so CUDA": "se encontró una GPU de NVIDIA, así que CUDA",
    "an AMD GPU with ROCm was found": "se encontró una GPU de AMD con ROCm",
    "its GPU is used through Metal": "su GPU se usa con Metal",
    "no GPU was found that PyTorch knows, so the processor": (
        "no se encontró una GPU que PyTorch conozca, así que el procesador"
    ),
    "The set-up does not start: {}.": "La instalación no se inicia: {}.",
    "uv was not found, and it was not agreed to fetch it.": "uv no se encontró, y no se aceptó descargarlo.",
    "The set-up was cancelled.": "La instalación se canceló.",
    "{} ended with code {} and said nothing.": "{} terminó con el código {} y no dijo nada.",
    "There is no uv for this machine ({}); install uv, then set up again.": (
        "No hay uv para este equipo ({}); instala uv y vuelve a instalar el proceso."
    ),
    "uv arrived with the SHA-256 {}; {} was expected. Try again, or install uv.": (
        "uv llegó con el SHA-256 {}; se esperaba {}. Inténtalo otra vez o instala uv."
    ),
    "uv cannot be fetched from {}: {}.": "uv no se puede descargar de {}: {}.",
    "It does not run.": "No funciona.",
    "Repair it.": "Repáralo.",
    "Solving chains": "Resolviendo cadenas",
    "Reading the take": "Leyendo la toma",
    "Writing chains": "Escribiendo cadenas",
    # What is wrong
    "UDP port {} at {} cannot be used: {}. Choose another port.": (
        "El puerto UDP {} de {} no se puede usar: {}. Elige otro puerto."
    ),
    "{} exists already; a take is never overwritten.": "{} ya existe; una toma nunca se sobrescribe.",
    "The take {} may be incomplete: {}.": "La toma {} puede estar incompleta: {}.",
    "the disk is full": "el disco está lleno",
    "the file is larger than allowed here": "el archivo es mayor de lo que se permite aquí",
    "{} shows nobody.": "{} no muestra a nadie.",
    "{} shows not person {}; {}. Choose another person.": "{} no muestra a la persona {}; {}. Elige otra persona.",
    "{} has no {}, which its bone map “{}” moves it by. Find its bones again, or load its own map.": (
        "{} no tiene {}, por el que lo mueve su mapa de huesos «{}». Vuelve a buscar sus huesos o carga su propio mapa."
    ),
    "{} cannot be driven: its arms and legs are at one place. Choose other bones under Bones.": (
        "{} no se puede mover: sus brazos y piernas están en un mismo lugar. Elige otros huesos en Huesos."
    ),
    "{} cannot be driven: {} ({}) and {} ({}) are at one place. Choose other bones under Bones.": (
        "{} no se puede mover: {} ({}) y {} ({}) están en un mismo lugar. Elige otros huesos en Huesos."
    ),
    "{} ({}) does not hang from {} (hips), so it would stay behind. Choose a bone above both as the hips.": (
        "{} ({}) no cuelga de {} (caderas), así que se quedaría atrás. Elige como caderas un hueso por encima de ambos."
    ),
    "The back and the legs do not hang from {}, so {} is taken as the hips.": (
        "La espalda y las piernas no cuelgan de {}, así que se toma {} como caderas."
    ),
    "Two bones could be {}: {}; {} was taken.": "Dos huesos podrían ser {}: {}; se tomó {}.",
    "{} does not hang from {}: {} is left out.": "{} no cuelga de {}: {} se deja fuera.",
    "{} follows the constraint “{}” and not the capture.": "{} sigue la restricción «{}» y no la captura.",
    "{} is connected to its parent and cannot travel: clear Connected in edit mode.": (
        "{} está conectado a su padre y no puede desplazarse: quita Conectado en el modo de edición."
    ),
    "{} also follows its constraint “{}”; mute that to free it.": (
        "{} sigue también su restricción «{}»; siléncialo para liberarlo."
    ),
    "{} is no bone map: it is larger than {} kB.": "{} no es un mapa de huesos: ocupa más de {} kB.",
    "{} is no bone map: it is not text.": "{} no es un mapa de huesos: no es texto.",
    "{} cannot be read: {}.": "{} no se puede leer: {}.",
    "{} cannot be used: {}.": "{} no se puede usar: {}.",
    "Person {}: {}": "Persona {}: {}",
    # What the worker does as it starts
    "Opening the source.": "Abriendo la fuente.",
    "Starting PyTorch.": "Iniciando PyTorch.",
    "Loading the model.": "Cargando el modelo.",
    "Loading the lifter.": "Cargando el paso a 3D.",
    "Loading the detector.": "Cargando el detector.",
    "Warming up.": "Calentando.",
    "Warming up for {} people.": "Calentando para {} personas.",
    "Reading the weights.": "Leyendo los pesos.",
    "Looking at a few people in float32.": "Mirando a algunas personas en float32.",
    "Compiling the network in {}.": "Compilando la red en {}.",
    "Trying {} on them.": "Probando {} con ellas.",
    "The test motion has ended.": "El movimiento de prueba ha terminado.",
    "the test motion": "el movimiento de prueba",
    "OpenVINO cannot be used ({}); PyTorch runs instead, slower.": "OpenVINO no se puede usar ({}); en su lugar va PyTorch, más lento.",
    # What the character, a take or the machine lacks
    "{} is no humanoid that can be driven: {} recognised, and there is none for {}. Choose them under Bones, or another "
    "character.": (
        "{} no es un humanoide que se pueda mover: {}, y no hay ninguno para {}. Elígelos en Huesos, o elige otro "
        "personaje."
    ),
    "no bone is": "no se reconoce ningún hueso",
    "{} bones are": "se reconocen {} huesos",
    "The bone map “{}” is another rig's: {} has none of its bones. Map the bones.": "El mapa de huesos «{}» es de otro esqueleto: {} no tiene ninguno de sus huesos. Asigna los huesos.",
    "{} is mapped to {} and to {}. Choose another bone for one of them.": "{} está asignado a {} y a {}. Elige otro hueso para uno de los dos.",
    "{} also follows a driver on its rotation; remove that to free it.": "{} sigue también un controlador en su rotación; quítalo para liberarlo.",
    "The armature lacks the bones {}. Map them or choose a humanoid armature.": "Al esqueleto le faltan los huesos {}. Asígnalos o elige un esqueleto humanoide.",
    "{} bones need as many parents, rest matrices and lengths; found {}, {} and {}.": "{} huesos necesitan otros tantos padres, matrices de reposo y longitudes; hay {}, {} y {}.",
    "Bones must come after their parents; {} do not.": "Los huesos deben ir después de sus padres; estos no: {}.",
    "The rest matrices of {} are scaled, mirrored or not finite. Apply its scale.": "Las matrices de reposo de {} están escaladas, reflejadas o no son finitas. Aplica la escala.",
    "{} shows {}.": "{} muestra {}.",
    "The take {} is closed.": "La toma {} está cerrada.",
    "{} cannot be a take's name: it needs letters, and none of < > : \" / \\ | ? *.": "{} no puede ser el nombre de una toma: necesita letras, y ninguno de < > : \" / \\ | ? *.",
    "it is not JSON ({})": "no es JSON ({})",
    "it is no bone map: \"format\" is not \"{}\"": "no es un mapa de huesos: «format» no es «{}»",
    "its version is {}, and this add-on reads {}": "su versión es {}, y esta extensión lee la {}",
    "it names parts that there are not: {}": "nombra partes que no existen: {}",
    "\"limbs\" and \"requires\" must be lists": "«limbs» y «requires» deben ser listas",
    "\"{}\" must give a bone's name for each part": "«{}» debe dar el nombre de un hueso para cada parte",
    "an entry of \"limbs\" is no limb": "un elemento de «limbs» no es una extremidad",
    "\"{}\" of a limb is {}, which is no bone": "«{}» de una extremidad es {}, que no es un hueso",
    "Listening at {} is open to other machines and needs a shared key; set one, or stay on this machine with 127.0.0.1.": "Escuchar en {} queda abierto a otros equipos y necesita una clave compartida; pon una, o quédate en este equipo con 127.0.0.1.",
    "No UDP port at {} can be used: {}.": "No se puede usar ningún puerto UDP de {}: {}.",
    "{} does not hold a lifting network from {} features to {}; train one with `mocap train-lifter`": "{} no contiene una red de paso a 3D de {} valores a {}; entrena una con `mocap train-lifter`",
    "cannot read the lifting network's weights from {}: {}": "no se pueden leer los pesos de la red de paso a 3D en {}: {}",
    "{} does not start: {}.": "{} no se inicia: {}.",
    "{} cannot be reached. Check the connection, or choose another build of PyTorch.": "No se puede llegar a {}. Comprueba la conexión o elige otra versión de PyTorch.",
    "The package index": "el índice de paquetes",
    "{} holds no {}.": "{} no contiene {}.",
    "The worker {}, which {} name, is not there.": "El proceso {}, que indica {}, no está.",
    "the preferences": "las preferencias",
    "it was killed (signal {}). It said last: {}": "se le obligó a terminar (señal {}). Lo último que dijo: {}",
    "it ended with code {} and said nothing": "terminó con el código {} y no dijo nada",
    "the worker said nothing.": "el proceso no dijo nada.",
    "there is no memory for pictures: {}": "no hay memoria para imágenes: {}",
    "there is no memory {}": "no hay memoria {}",
    "there is no memory {}: {}": "no hay memoria {}: {}",
    "{} is no name of such memory": "{} no es el nombre de una memoria así",
    "{} is not of this user, or is no such memory": "{} no es de este usuario, o no es una memoria así",
    "the key has {} characters; at least {} are needed": "la clave tiene {} caracteres; se necesitan al menos {}",
    # Of the system, in sentences
    "Permission denied": "permiso denegado",
    "No such file or directory": "no existe el archivo o la carpeta",
    "No space left on device": "el disco está lleno",
    "Read-only file system": "el disco es de solo lectura",
    "Is a directory": "es una carpeta",
    "Address already in use": "la dirección ya está en uso",
    "Cannot assign requested address": "este equipo no tiene esa dirección",
    # What is wrong with the worker's camera, file or stream
    "error: {}": "error: {}",
    "lost: {}": "se perdió: {}",
    "loading: {}": "cargando: {}",
    "Camera {} is not there; {}.": "La cámara {} no está; {}.",
    "Camera {} does not open; {}.": "La cámara {} no se abre; {}.",
    "no camera was found. Plug one in, or give a video file or a stream's URL as the source": "no se encontró ninguna cámara. Conecta una, o da como fuente un vídeo o la URL de una emisión",
    "found are {}": "se encontraron {}",
    "Camera {} is there but this user may not open {}; add the user to the group `video` and sign in again.": "La cámara {} está, pero este usuario no puede abrir {}; añade el usuario al grupo `video` y vuelve a iniciar sesión.",
    "Camera {} is there but gives no picture: another program may be using it{}. Close that program and start again.": "La cámara {} está pero no da imagen: quizá la usa otro programa{}. Cierra ese programa e inicia de nuevo.",
    " or this program may not use cameras (see the system's privacy settings)": " o este programa no puede usar cámaras (mira los ajustes de privacidad del sistema)",
    "Camera {} is lost; opening it again.": "Se perdió la cámara {}; se vuelve a abrir.",
    "The stream {} is lost; opening it again.": "Se perdió la emisión {}; se vuelve a abrir.",
    "Camera {} has given no picture for {} seconds.": "La cámara {} no da imagen desde hace {} segundos.",
    "The stream {} has given no picture for {} seconds.": "La emisión {} no da imagen desde hace {} segundos.",
    "The camera is back.": "La cámara ha vuelto.",
    "The stream {}": "La emisión {}",
    "{} cannot be opened; check the address and that the camera or program sends.": "{} no se puede abrir; comprueba la dirección y que la cámara o el programa emite.",
    "{} on {}.": "{} en {}.",
    "{} on {}. Camera {} gives {}×{} instead of {}×{}.": "{} en {}. La cámara {} da {}×{} en lugar de {}×{}.",
    "{} on {}. Camera {} gives {} pictures a second instead of {}.": "{} en {}. La cámara {} da {} imágenes por segundo en lugar de {}.",
    "{} on {}. Camera {} gives no MJPG.": "{} en {}. La cámara {} da imágenes sin MJPG.",
    "{} on {}. Camera {} gives {}×{} instead of {}×{}, {} pictures a second instead of {}.": "{} en {}. La cámara {} da {}×{} en lugar de {}×{}, {} imágenes por segundo en lugar de {}.",
    "{} on {}. Camera {} gives {}×{} instead of {}×{}, no MJPG.": "{} en {}. La cámara {} da {}×{} en lugar de {}×{}, sin MJPG.",
    "{} on {}. Camera {} gives {} pictures a second instead of {}, no MJPG.": "{} en {}. La cámara {} da {} imágenes por segundo en lugar de {}, sin MJPG.",
    "{} on {}. Camera {} gives {}×{} instead of {}×{}, {} pictures a second instead of {}, no MJPG.": "{} en {}. La cámara {} da {}×{} en lugar de {}×{}, {} imágenes por segundo en lugar de {}, sin MJPG.",
    "The capture of {} broke off: {}: {}": "La captura de {} se interrumpió: {}: {}",
    "No source is chosen: give a camera's index, a video file or a stream's URL.": "No se ha elegido ninguna fuente: da el número de una cámara, un vídeo o la URL de una emisión.",
    "Streams of the kind {}:// are not read; known are {}.": "Las emisiones del tipo {}:// no se leen; se conocen {}.",
    "There is no file {}.": "No existe el archivo {}.",
    "{} is an empty file.": "{} es un archivo vacío.",
    "{} is no video.": "{} no es un vídeo.",
    "{} is no video that can be read here.": "{} no es un vídeo que se pueda leer aquí.",
    "{} is no picture that can be read here.": "{} no es una imagen que se pueda leer aquí.",
    "The source gives pictures of {} {}; expected are grey, RGB or RGBA in 8 or 16 bits. Convert it, as with `ffmpeg -i IN -pix_fmt yuv420p OUT.mp4`.": "La fuente da imágenes de {} {}; se esperan de gris, RGB o RGBA en 8 o 16 bits. Conviértela, por ejemplo con `ffmpeg -i IN -pix_fmt yuv420p OUT.mp4`.",
    "A rotation of {} is not possible; 0, 90, 180 or 270 degrees are.": "Un giro de {} no es posible; lo son 0, 90, 180 o 270 grados.",
    "The camera's size is {}; a width and a height in pixels were expected.": "El tamaño de la cámara es {}; se esperaban un ancho y un alto en píxeles.",
    "The camera's size is {}×{}; 16 to 16384 pixels each way were expected.": "El tamaño de la cámara es {}×{}; se esperaban de 16 a 16384 píxeles por lado.",
    "The camera's rate is {}; 1 to 1000 pictures a second were expected.": "La cadencia de la cámara es {}; se esperaban de 1 a 1000 imágenes por segundo.",
    "The number of people is {}; 1 to {} are followed at once.": "El número de personas es {}; se siguen de 1 a {} a la vez.",
    "The option {} is {}; text was expected.": "La opción {} es {}; se esperaba un texto.",
    "The box is not four numbers x1,y1,x2,y2 in pixels.": "El recuadro no son cuatro números x1,y1,x2,y2 en píxeles.",
    "The box {},{},{},{} is empty; x1 < x2 and y1 < y2 were expected.": "El recuadro {},{},{},{} está vacío; se esperaban x1 < x2 e y1 < y2.",
    "The box {},{},{},{} lies outside the picture of {} × {} px; give one in it, or leave it out.": "El recuadro {},{},{},{} queda fuera de la imagen de {} × {} px; da uno dentro de ella o no des ninguno.",
    # What is wrong with its model and weights
    "There is not enough memory for {} on {}; {}.": "No hay memoria suficiente para {} en {}; {}.",
    "There is not enough memory for {} on {} (about {} GB are free); {}.": "No hay memoria suficiente para {} en {} (quedan libres unos {} GB); {}.",
    "choose a smaller model, such as {}": "elige un modelo menor, como {}",
    "end other programs that use it": "cierra otros programas que la usen",
    "PyTorch cannot be used: {}. `mocap doctor` says more.": "PyTorch no se puede usar: {}. `mocap doctor` dice más.",
    "The device {} is not there; this machine has {}, or auto.": "El dispositivo {} no está; este equipo tiene {}, o auto.",
    "The model {} gives {}; {} is needed here.": "El modelo {} da {}; aquí se necesita {}.",
    "The model {} cannot be built: {}.": "El modelo {} no se puede construir: {}.",
    "The precision is {}; expected {}.": "La precisión es {}; se esperaba {}.",
    "A CPU is no faster in fp16; choose bf16, fp32 or auto.": "Una CPU no es más rápida en fp16; elige bf16, fp32 o auto.",
    "This CPU has no bf16 that OpenVINO could use; PyTorch runs instead, slower.": "Esta CPU no tiene un bf16 que OpenVINO pueda usar; en su lugar va PyTorch, más lento.",
    "OpenVINO cannot run this model ({}); PyTorch runs instead, slower.": "OpenVINO no puede con este modelo ({}); en su lugar va PyTorch, más lento.",
    "OpenVINO gives other heatmaps for this model than PyTorch; PyTorch runs instead, slower.": "OpenVINO da con este modelo otros mapas de calor que PyTorch; en su lugar va PyTorch, más lento.",
    "There is no backend {}; there are {}.": "No existe el motor {}; existen {}.",
    "mmpose runs in fp32 only, not in {}; leave the precision out.": "mmpose solo va en fp32, no en {}; no indiques la precisión.",
    "The backend mmpose cannot be used here: {}. Install the extra mmpose, with Python 3.11, as docs/models.md says: `uv pip install --no-build-isolation-package=mmcv '.[mmpose]'`; or leave --backend out.": "El motor mmpose no se puede usar aquí: {}. Instala el extra mmpose, con Python 3.11, como dice docs/models.md: `uv pip install --no-build-isolation-package=mmcv '.[mmpose]'`; o no indiques --backend.",
    "{} is no whole config in mmpose 1.x format; expected a TopdownPoseEstimator and a test_dataloader. Choose the same model's config in configs/, which takes the same weights, or leave --backend out.": "{} no es una configuración completa en formato de mmpose 1.x; se esperaban un TopdownPoseEstimator y un test_dataloader. Elige la configuración del mismo modelo en configs/, que admite los mismos pesos, o no indiques --backend.",
    "{} has attention of our own, which mmpose does not have; leave --backend out.": "{} tiene una atención propia que mmpose no tiene; no indiques --backend.",
    "The flip test needs to know left from right; {} is none of {}.": "La prueba del espejo necesita distinguir izquierda y derecha; {} no está entre {}.",
    "No weights ship for {} (there are: {}). Give a file with --checkpoint or VITPOSE_CHECKPOINT{}.": "No se incluyen pesos para {} (los hay: {}). Da un archivo con --checkpoint o VITPOSE_CHECKPOINT{}.",
    ", or `mocap models pull {}` once": ", o usa una vez `mocap models pull {}`",
    "{} is not on this machine; `mocap models pull {}` fetches it.": "{} no está en este equipo; `mocap models pull {}` lo descarga.",
    "There is no checkpoint at {}. Check the path; published weights come by `mocap models pull NAME`.": "No hay pesos en {}. Comprueba la ruta; los publicados se descargan con `mocap models pull NOMBRE`.",
    "There is no config {}: give a path to a .py file or a name from `mocap models list`, such as {}.": "No existe la configuración {}: da la ruta de un archivo .py o un nombre de `mocap models list`, como {}.",
    "{} has no model = dict(…), so it describes no model.": "{} no tiene model = dict(…), así que no describe ningún modelo.",
    "The folder {} holds neither model.safetensors nor pytorch_model.bin.": "La carpeta {} no contiene model.safetensors ni pytorch_model.bin.",
    "{} stands in for weights kept with Git LFS; `git lfs pull` gets them.": "{} está en lugar de unos pesos guardados con Git LFS; `git lfs pull` los trae.",
    "{} is a damaged safetensors file: {}.": "{} es un archivo safetensors dañado: {}.",
    "{} is damaged or holds more than weights. It is not loaded, as that could run what is in it. Get the file from its publisher again, or one in safetensors format.": "{} está dañado o contiene más que pesos. No se carga, porque eso podría ejecutar lo que contiene. Vuelve a descargar el archivo de quien lo publica, o uno en formato safetensors.",
    "{} is damaged or no checkpoint; expected a safetensors or PyTorch file, as its publisher has it.": "{} está dañado o no contiene pesos; se esperaba un archivo safetensors o de PyTorch, tal como se publica.",
    "{} is damaged: {}.": "{} está dañado: {}.",
    "{} holds a {}, no named weights.": "{} contiene un {}, no pesos con nombre.",
    "{} holds no tensors, but {}.": "{} no contiene tensores, sino {}.",
    "{} holds sparse, quantised or no numbers in {}.": "{} tiene números dispersos, cuantizados o ninguno en {}.",
    "{} has other numbers than float32, fp16 or bf16: {}.": "{} tiene números que no son float32, fp16 ni bf16: {}.",
    "{} does not fit {}: {}.{}": "{} no encaja con {}: {}.{}",
    " Its shapes fit {}; choose that with --config.": " Sus formas encajan con {}; elígelo con --config.",
    " Its shapes are nearest to {}; choose that with --config.": " Sus formas se acercan más a {}; elígelo con --config.",
    "{} is a pre-trained backbone without a head: training can start from it, but it finds no keypoints. Choose weights of a whole ViTPose.": "{} es una red base preentrenada sin cabeza: se puede entrenar a partir de ella, pero no encuentra puntos. Elige los pesos de un ViTPose completo.",
    "{} is no ViTPose checkpoint of a known layout: expected keys that begin with {} (official), {} (mmpose 1.x) or {} (transformers), found {}.": "{} no tiene pesos de ViTPose en un formato conocido: se esperaban claves que empiezan por {} (oficial), {} (mmpose 1.x) o {} (transformers); hay {}.",
    "{} is ViTPose+ split for coco, without the expert of {}.": "{} es ViTPose+ separado para coco, sin el experto de {}.",
    "{} has no head for {}; it has {}.": "{} no tiene cabeza para {}; tiene {}.",
    "{} has the experts of {}, but the head of coco alone.": "{} tiene los expertos de {}, pero solo la cabeza de coco.",
    "{} has no expert for {}: {} is missing.": "{} no tiene experto para {}: falta {}.",
    "{} is no published model; there are {}, or OWNER/NAME on the hub.": "{} no es un modelo publicado; existen {}, o PROPIETARIO/NOMBRE en el hub.",
    "{} has neither {}, so no weights that can be read here.": "{} no tiene {}, así que no tiene pesos que se puedan leer aquí.",
    "{}: {} has the SHA-256 {} on the hub; expected {}.": "{}: {} tiene en el hub el SHA-256 {}; se esperaba {}.",
    "{}: the hub gives no SHA-256 for {}; give one with --sha256 to check it by.": "{}: el hub no da un SHA-256 para {}; da uno con --sha256 para comprobarlo.",
    "{}: {} arrived with the SHA-256 {}; expected {}. It was deleted.": "{}: {} llegó con el SHA-256 {}; se esperaba {}. Se borró.",
    "{} could not be fetched: {}. Pulling again goes on where it ended.": "{} no se pudo descargar: {}. Si lo intentas otra vez, sigue donde se quedó.",
    "{} was fetched, but cannot be used: {}": "{} se descargó, pero no se puede usar: {}",
    "The detector {} lacks {} weights, the first is {}.": "Al detector {} le faltan {} pesos; el primero es {}.",
    "The detector {} is neither a folder nor a hub name such as {}.": "El detector {} no es una carpeta ni un nombre del hub como {}.",
    "The detector {} finds no people; it finds {} …. Try {}.": "El detector {} no encuentra personas; encuentra {} …. Prueba {}.",
    "The detector needs the extra `detect`: {}. Install it with `uv sync --extra detect`, or go without with --detector none.": "El detector necesita el extra `detect`: {}. Instálalo con `uv sync --extra detect`, o prescinde de él con --detector none.",
    "The detector {} is a {}; expected one of {}. Try {}.": "El detector {} es un {}; se esperaba uno de {}. Prueba {}.",
    "The detector {} cannot be loaded: {}. Expected are config.json and model.safetensors, as save_pretrained writes them. Try {}.": "El detector {} no se puede cargar: {}. Se esperan config.json y model.safetensors, como los escribe save_pretrained. Prueba {}.",
    "The detector {} is not on this machine and cannot be fetched: {}. Connect to the network once, give a folder, or go without with --detector none.": "El detector {} no está en este equipo y no se puede descargar: {}. Conéctate una vez a la red, da una carpeta, o prescinde de él con --detector none.",
    "The detector {} failed on {}: {}. Choose a smaller one, such as {}, or --detector none.": "El detector {} falló en {}: {}. Elige uno menor, como {}, o --detector none.",
    # What is wrong with a model's config
    "{} is nested too deeply.": "{} está anidado demasiado hondo.",
    "{} is its own _base_, by way of {}.": "{} es su propia _base_, a través de {}.",
    "{}: _base_ is no path or list of paths.": "{}: _base_ no es una ruta ni una lista de rutas.",
    "{}: two of its _base_ files assign {}.": "{}: dos de sus archivos _base_ asignan {}.",
    "{} is not there.": "{} no está.",
    "{} is larger than {} bytes, so no config.": "{} ocupa más de {} bytes, así que no es una configuración.",
    "{} is not Python: {}.": "{} no es Python: {}.",
    "too deeply nested": "anidado demasiado hondo",
    "{}, line {} {}. A config is read, not run: assignments, literals, dict(…), names, sums and _base_.": "{}, línea {} {}. Una configuración se lee y no se ejecuta: asignaciones, literales, dict(…), nombres, sumas y _base_.",
    "has {}, which would have to be run": "tiene {}, que habría que ejecutar",
    "an import": "una importación",
    "a call": "una llamada",
    "a function": "una función",
    "a class": "una clase",
    "assigns to something other than a new name": "asigna a algo que no es un nombre nuevo",
    "uses {}, which is not assigned above": "usa {}, que no se asigna antes",
    "{}: {} is {}; expected {}.": "{}: {} es {}; se esperaba {}.",
    "a whole number from {} to {}": "un número entero de {} a {}",
    "a number from {} to {}": "un número de {} a {}",
    "{} positive numbers": "{} números positivos",
    "a list of whole numbers": "una lista de números enteros",
    "an odd number": "un número impar",
    "{}: the head has {} outputs, but {} has {} keypoints; expected the same.": "{}: la cabeza tiene {} salidas, pero {} tiene {} puntos; se esperaban los mismos.",
    "{}: {} has deconvolutions {} with kernels {}, a last kernel of {} and features scaled by {}; expected the classic head ({}, {}, 1, not scaled) or the simple one ((), (), 3, scaled by {}).": "{}: {} tiene deconvoluciones {} con núcleos {}, un último núcleo de {} y rasgos escalados por {}; se esperaba la cabeza clásica ({}, {}, 1, sin escalar) o la simple ((), (), 3, escalada por {}).",
    "{}: {} is missing; expected codec = dict(type='UDPHeatmap', …).": "{}: falta {}; se esperaba codec = dict(type='UDPHeatmap', …).",
    "{}: the codec {}, but {} has use_udp={}; expected {}.": "{}: el códec {}, pero {} tiene use_udp={}; se esperaba {}.",
    "is UDP": "es UDP",
    "is not UDP": "no es UDP",
    "{}: NormalizeTensor has {}={}; expected ImageNet's, {}.": "{}: NormalizeTensor tiene {}={}; se esperaban los de ImageNet, {}.",
    # What is wrong with what it refines or solves
    "{} has no video beside it; record with Keep Video, or give the video itself.": "{} no tiene ningún vídeo al lado; graba con Guardar el vídeo, o da el vídeo mismo.",
    "{} was made of another video; give another -o, or --fresh to replace it.": "{} se hizo de otro vídeo; da otro -o, o --fresh para reemplazarla.",
    "{} and {} would both become {}; give one of them another -o.": "{} y {} serían los dos {}; da otro -o a uno de ellos.",
    "{} has no flip test here; add --no-flip.": "{} no tiene aquí prueba del espejo; añade --no-flip.",
    "{} shows nothing.": "{} no muestra nada.",
    "{} is no job for chains: its “format” is not “{}”.": "{} no es un encargo de cadenas: su «format» no es «{}».",
    "{} is no job for chains: it is not JSON.": "{} no es un encargo de cadenas: no es JSON.",
    "{} is a job of another version than {}. Update the worker.": "{} es un encargo de otra versión que {}. Actualiza el proceso.",
    "{} names no chains.": "{} no nombra ninguna cadena.",
    "Chain “{}” is too long for one job: {} frames of {} bones.": "La cadena «{}» es demasiado larga para un encargo: {} fotogramas de {} huesos.",
    "Chain “{}” asks for the solver {}; there are {}.": "La cadena «{}» pide el método {}; existen {}.",
    "Chain “{}” has limits or a time budget that nothing is within.": "La cadena «{}» tiene unos límites o un tiempo que nada cumple.",
    "Chain “{}” has no length, or one beyond all measure.": "La cadena «{}» no tiene longitud, o tiene una desmedida.",
    "Chain {} of the job is not whole: {}.": "La cadena {} del encargo no está completa: {}.",
    "Chain “{}” has no sound {}: found {}, expected {}, all finite.": "La cadena «{}» no tiene un {} válido: hay {}, se esperaba {}, todo finito.",
    "Cannot write {}: {}.": "No se puede escribir {}: {}.",
    # What the doctor finds
    "camera:": "cámara:",
    "model:": "modelo:",
    "lifter:": "paso a 3D:",
    "port:": "puerto:",
    "data:": "datos:",
    "worker:": "proceso:",
    "{}, runs on {}": "{}, va en {}",
    "{} runs on {}, by {}": "{} va en {}, con {}",
    "torch in {}": "torch en {}",
    "openvino in {}": "openvino en {}",
    "mmpose in {}": "mmpose en {}",
    "{} for {} is free": "{} para {} está libre",
    "{} for {} is in use ({}), maybe by a running Blender or worker.": "{} para {} está ocupado ({}), quizá por un Blender o un proceso en marcha.",
    "cannot be used: {}": "no se puede usar: {}",
    "none that PyTorch can use; small models run on the processor.": "ninguna que PyTorch pueda usar; los modelos pequeños van en el procesador.",
    "{}, with FFmpeg": "{}, con FFmpeg",
    "{} without FFmpeg: no files, no streams": "{} sin FFmpeg: ni archivos ni emisiones",
    "its weights load": "sus pesos se cargan",
    "none was found; a video file or a stream's URL works without one.": "no se encontró ninguna; un vídeo o la URL de una emisión funciona sin ella.",
    "none was found here.": "no se encontró ninguno aquí.",
    "{} does not say its version: {}": "{} no dice su versión: {}",
    "Blender as a Python module, for `mocap demo`": "Blender como módulo de Python, para `mocap demo`",
    "Python 3.11 to 3.13 is needed; `uv python install 3.11` gets it.": "Se necesita Python 3.11 a 3.13; `uv python install 3.11` lo instala.",
    "VITPOSE_CONFIG and VITPOSE_CHECKPOINT choose another.": "VITPOSE_CONFIG y VITPOSE_CHECKPOINT eligen otro.",
    "Install it from blender.org (4.2 or later), then `mocap addon install`.": "Instálalo desde blender.org (4.2 o posterior) y luego usa `mocap addon install`.",
    "Make it writable, or name another folder in the variable MOCAP_DATA.": "Permite escribir en ella, o indica otra carpeta en la variable MOCAP_DATA.",
    "Another OpenCV hides ours: uninstall it. {}": "Otro OpenCV oculta el nuestro: desinstálalo. {}",
    "Make the environment {} anew: Repair in the add-on, or `uv sync` in the project's folder.": "Vuelve a crear el entorno {}: Reparar en la extensión, o `uv sync` en la carpeta del proyecto.",
}
