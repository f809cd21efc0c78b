import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.ServerVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** Starts a server that speaks MongoDB's wire protocol, with the data in memory, on the loopback address only. */
public final class TestServer {

    public static void main(String[] arguments) {
        MemoryBackend backend = new MemoryBackend();
        // The default, 3.6, is older than what the locked version of pymongo supports.
        backend.version(ServerVersion.MONGO_5_0);
        MongoServer server = new MongoServer(backend);
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        System.out.println("Listening on mongodb://127.0.0.1:" + arguments[0]);
    }
}
