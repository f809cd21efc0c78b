import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.ServerVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** Starts a server that speaks MongoDB's wire protocol, with the data in memory, on the loopback address only. */
public final class TestServer {

    public static void main(String[] arguments) {
        MongoServer server = new MongoServer(new MemoryBackend().version(ServerVersion.MONGO_5_0));
        server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
        System.out.println("Listening on mongodb://127.0.0.1:" + arguments[0]);
    }
}
