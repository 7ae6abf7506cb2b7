import java.io.FileInputStream;
import java.io.IOException;
import java.security.KeyStore;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * TLS servers of Java 17 with nothing switched off: SSLv3, and suites without
 * encryption or certificate, in a third implementation.
 *
 * <p>usage: java JavaServer.java KEYS.p12 PORT=VERSION,…[=SUITE,…]...
 */
public final class JavaServer {
    private static final char[] PASSWORD = "sallyport".toCharArray();

    private static void serve(SSLServerSocket listener) {
        while (true) {
            try (SSLSocket client = (SSLSocket) listener.accept()) {
                client.setSoTimeout(3000);
                client.startHandshake();
                client.getInputStream().read();
            } catch (IOException refused) {
                System.err.println(refused.getMessage());
            }
        }
    }

    public static void main(String[] words) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream file = new FileInputStream(words[0])) {
            keys.load(file, PASSWORD);
        }
        KeyManagerFactory managers = KeyManagerFactory.getInstance("SunX509");
        managers.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        for (int i = 1; i < words.length; i++) {
            String[] parts = words[i].split("=");
            SSLServerSocket listener =
                    (SSLServerSocket)
                            context.getServerSocketFactory()
                                    .createServerSocket(Integer.parseInt(parts[0]));
            listener.setEnabledProtocols(parts[1].split(","));
            listener.setEnabledCipherSuites(
                    parts.length > 2 ? parts[2].split(",") : listener.getSupportedCipherSuites());
            new Thread(() -> serve(listener)).start();
        }
        System.out.println("ready");
    }
}
