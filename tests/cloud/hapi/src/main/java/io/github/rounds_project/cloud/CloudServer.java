/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A FHIR R4 server for tests and demonstrations: HAPI FHIR's JPA server on PostgreSQL behind /fhir on
 * 127.0.0.1. Only what a sync client meets is switched on: no full-text search, no subscriptions' delivery,
 * no terminology load, no validation beyond the server's own. Settings come in the environment:
 * ROUNDS_CLOUD_PORT, ROUNDS_CLOUD_DATABASE (JDBC address), ROUNDS_CLOUD_USER and ROUNDS_CLOUD_PASSWORD;
 * ROUNDS_CLOUD_SCHEMA=none for a further replica on a database that another one has prepared, and
 * ROUNDS_CLOUD_CLIENT_IDS=no for a server that gives all ids itself; ROUNDS_CLOUD_TYPES, blank-separated, for a
 * server that knows these types alone, since a first sync asks for each.
 */
package io.github.rounds_project.cloud;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.JpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.rest.server.ApacheProxyAddressStrategy;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import com.zaxxer.hikari.HikariDataSource;
import jakarta.persistence.EntityManagerFactory;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.elasticsearch.ElasticsearchRestClientAutoConfiguration;
import org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration;
import org.springframework.boot.autoconfigure.orm.jpa.HibernateJpaAutoConfiguration;
import org.springframework.boot.autoconfigure.quartz.QuartzAutoConfiguration;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

@SpringBootApplication(exclude = {
    HibernateJpaAutoConfiguration.class, FlywayAutoConfiguration.class, QuartzAutoConfiguration.class,
    ElasticsearchRestClientAutoConfiguration.class})
@Import({
    JpaR4Config.class, HapiJpaConfig.class, JpaBatch2Config.class, Batch2JobsConfig.class,
    ThreadPoolFactoryConfig.class, SubscriptionChannelConfig.class, SubscriptionSubmitterConfig.class})
public class CloudServer {

  public static void main (String[] args) {
    SpringApplication application = new SpringApplication (CloudServer.class);
    application.setDefaultProperties (Map.ofEntries (
        Map.entry ("server.address", "127.0.0.1"),
        Map.entry ("server.port", System.getenv ("ROUNDS_CLOUD_PORT")),
        Map.entry ("server.shutdown", "graceful"),
        Map.entry ("server.max-http-request-header-size", "64KB"),
        Map.entry ("spring.main.banner-mode", "off"),
        Map.entry ("spring.main.allow-circular-references", "true"),
        Map.entry ("spring.main.allow-bean-definition-overriding", "true"),
        Map.entry ("spring.batch.job.enabled", "false"),
        Map.entry ("logging.level.org.hibernate.engine.jdbc.spi.SqlExceptionHelper", "ERROR"),
        Map.entry ("logging.level.root", "WARN")));
    application.run (args);
  }

  @Bean
  public PartitionSettings partitionSettings () { return new PartitionSettings (); }

  @Bean
  public SubscriptionSettings subscriptionSettings () { return new SubscriptionSettings (); }

  @Bean
  public JpaStorageSettings storageSettings () {
    JpaStorageSettings settings = new JpaStorageSettings ();
    settings.setResourceClientIdStrategy ("no".equals (System.getenv ("ROUNDS_CLOUD_CLIENT_IDS"))
        ? JpaStorageSettings.ClientIdStrategyEnum.NOT_ALLOWED : JpaStorageSettings.ClientIdStrategyEnum.ANY);
    settings.setResourceServerIdStrategy (JpaStorageSettings.IdStrategyEnum.UUID);
    settings.setFetchSizeDefaultMaximum (500);
    return settings;
  }

  @Bean(destroyMethod = "close")
  public DataSource dataSource () {
    HikariDataSource source = new HikariDataSource ();
    source.setJdbcUrl (System.getenv ("ROUNDS_CLOUD_DATABASE"));
    source.setUsername (System.getenv ("ROUNDS_CLOUD_USER"));
    source.setPassword (System.getenv ("ROUNDS_CLOUD_PASSWORD"));
    source.setMaximumPoolSize (12);
    return source;
  }

  @Bean
  public HibernatePropertiesProvider HibernatePropertiesProvider () { return new HibernatePropertiesProvider (); }

  @Primary
  @Bean
  public LocalContainerEntityManagerFactoryBean entityManagerFactory (
      DataSource source, ConfigurableListableBeanFactory beans, FhirContext context, JpaStorageSettings settings) {
    LocalContainerEntityManagerFactoryBean factory =
        HapiEntityManagerFactoryUtil.newEntityManagerFactory (beans, context, settings);
    Properties properties = new Properties ();
    properties.put ("hibernate.dialect", HapiFhirPostgresDialect.class.getName ());
    properties.put ("hibernate.hbm2ddl.auto", System.getenv ().getOrDefault ("ROUNDS_CLOUD_SCHEMA", "update"));
    properties.put ("hibernate.search.enabled", "false");
    properties.put ("hibernate.jdbc.batch_size", "20");
    factory.setPersistenceUnitName ("rounds");
    factory.setDataSource (source);
    factory.setJpaProperties (properties);
    return factory;
  }

  @Primary
  @Bean
  public JpaTransactionManager transactionManager (EntityManagerFactory factory) {
    return new JpaTransactionManager (factory);
  }

  @Bean
  public ServletRegistrationBean<RestfulServer> fhirServlet (
      FhirContext context, IFhirSystemDao<?, ?> system, JpaSystemProvider<?, ?> systemProvider,
      ResourceProviderFactory providers, JpaStorageSettings settings, ISearchParamRegistry parameters,
      DatabaseBackedPagingProvider paging,
      @Qualifier (JpaConfig.JPA_VALIDATION_SUPPORT_CHAIN) IValidationSupport validation) {
    RestfulServer server = new RestfulServer (context);
    JpaCapabilityStatementProvider capabilities =
        new JpaCapabilityStatementProvider (server, system, settings, parameters, validation);
    capabilities.setImplementationDescription ("A FHIR server for tests of Rounds");
    paging.setDefaultPageSize (50);
    paging.setMaximumPageSize (500);
    String types = System.getenv ("ROUNDS_CLOUD_TYPES");
    List<Object> known = providers.createProviders ();
    if (types != null) {
      Set<String> wanted = Set.of (types.split (" "));
      known.removeIf (p -> !wanted.contains (((IResourceProvider) p).getResourceType ().getSimpleName ()));
    }
    server.registerProviders (known);
    server.registerProvider (systemProvider);
    server.setServerConformanceProvider (capabilities);
    server.setPagingProvider (paging);
    // Behind a proxy that says X-Forwarded-Host and -Proto, links are made for those who ask the proxy.
    server.setServerAddressStrategy (ApacheProxyAddressStrategy.forHttp ());
    ServletRegistrationBean<RestfulServer> servlet = new ServletRegistrationBean<> (server, "/fhir/*");
    servlet.setLoadOnStartup (1);
    return servlet;
  }
}
